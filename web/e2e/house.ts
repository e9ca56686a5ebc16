// A house for the browser: the real camera, the platform simulator and the real service, each a process of its own on a
// free loopback port, in a temporary folder. Nothing is mocked. Ends only what it started.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const target = join(process.env.CARGO_TARGET_DIR ?? join(root, 'target'), process.env.XUNJIE_PROFILE ?? 'debug');
/** The street: the surveillance clip of Debian's opencv-doc. */
const STREET = ['-i', '/usr/share/doc/opencv-doc/examples/data/vtest.avi'];
/** A drawn wall with small ads, with a little noise: a camera that sends the very same picture is frozen. */
const WALL = [
  ...['-loop', '1', '-framerate', '10', '-t', '12', '-i', join(root, 'fixtures/text/street_text.png')],
  ...['-vf', 'noise=alls=8:allf=t'],
];

/** Grid cells of the city of these tests, with streets of their own. */
export const cells = [
  ['990000001001001', '锦城街道', '天府社区'],
  ['990000001001002', '锦城街道', '学府社区'],
  ['990000002001001', '中和街道', '滨河社区'],
  ['990000002001002', '中和街道', '市场社区'],
] as const;

/** The password of everybody in these tests; it opens nothing else. */
export const password = 'correct horse battery 9';

export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no port'));
        else resolve(address.port);
      });
    });
  });
}

/** A process whose words are kept, so that one can wait for a line. */
class Worker {
  readonly process: ChildProcess;
  private words = '';
  private listeners: (() => void)[] = [];

  constructor(
    private readonly name: string,
    command: string,
    args: string[],
  ) {
    this.process = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.words += chunk.toString('utf8');
        for (const listener of this.listeners) listener();
      });
    }
    this.process.once('exit', () => {
      for (const listener of this.listeners) listener();
    });
  }

  /** Waits for words that match and returns the first group. */
  async said(pattern: RegExp, withinMs = 30_000): Promise<string> {
    const until = Date.now() + withinMs;
    for (;;) {
      const found = pattern.exec(this.words);
      if (found) return found[1] ?? found[0];
      if (this.process.exitCode !== null || Date.now() > until) {
        throw new Error(`${this.name} did not say ${pattern}; its last words:\n${this.words.slice(-2000)}`);
      }
      await new Promise<void>((resolve) => {
        this.listeners.push(resolve);
        setTimeout(resolve, 500);
      });
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill(signal);
    await gone;
  }
}

interface Wishes {
  /** Serve the street clip as a camera. */
  camera?: boolean;
  /** Serve a wall with small ads as a second camera. */
  wall?: boolean;
  /** Fill the store first: arguments of the example `busy_desk`. */
  past?: string[];
  /** Start the platform simulator. */
  platform?: boolean;
  /** Parked vehicles are looked at again by the fixture that knows a crop by its mean colour and always agrees. */
  verifier?: boolean;
  /** Try the street's own model beside the general one that looks for vehicles, which misses the small car at the kerb. */
  trial?: boolean;
  /** Name an identity provider of that name, at an address where nobody listens. */
  provider?: string;
}

export class House {
  readonly folder = mkdtempSync(join(tmpdir(), 'xunjie-e2e.'));
  readonly data = join(this.folder, 'data');
  url = '';
  camera = '';
  wall = '';
  platform = '';
  private setup = '';
  private service: Worker | undefined;
  private workers: Worker[] = [];
  private settings = join(this.folder, 'xunjie.toml');

  static async open(wishes: Wishes): Promise<House> {
    const house = new House();
    try {
      await house.begin(wishes);
    } catch (error) {
      await house.close();
      throw error;
    }
    return house;
  }

  private async begin(wishes: Wishes): Promise<void> {
    const city = join(this.folder, 'city');
    cpSync(join(root, 'city/example'), city, { recursive: true });
    writeFileSync(
      join(city, 'grid_cells.tsv'),
      ['cell\tstreet\tcommunity', ...cells.map((row) => row.join('\t'))].join('\n'),
    );
    const secret = join(this.folder, 'secret');
    writeFileSync(secret, randomBytes(32).toString('hex'), { mode: 0o600 });
    this.url = `http://127.0.0.1:${String(await freePort())}`;
    if (wishes.camera) this.camera = await this.startCamera('street', STREET);
    if (wishes.wall) this.wall = await this.startCamera('signs', WALL);
    if (wishes.platform) {
      const sim = new Worker('platform', join(target, 'xunjie'), [
        ...['platform-sim', '--listen', '127.0.0.1:0', '--secret-file', secret, '--key-id', 'e2e'],
        ...['--callback-url', `${this.url}/api/v1/callbacks`],
      ]);
      this.workers.push(sim);
      this.platform = await sim.said(/platform-sim (http:\S+)/);
    }
    const platform = wishes.platform
      ? `[platform]\nurl = "${this.platform}"\nkey_id = "e2e"\nsecret_file = "${secret}"\n`
      : '';
    const provider = wishes.provider
      ? `[oidc]
issuer = "http://127.0.0.1:${String(await freePort())}"
client_id = "xunjie"
public_url = "${this.url}/"
name = "${wishes.provider}"
[oidc.roles]
"review" = "reviewer"
`
      : '';
    const eyes = wishes.verifier || wishes.trial ? this.withOwnEyes(wishes) : '';
    writeFileSync(
      this.settings,
      `listen = "${this.url.slice('http://'.length)}"
[folders]
data = "${this.data}"
city = "${city}"
${eyes}${platform}${provider}
# A city's dwell and clearing of minutes are made short, so that nobody has to wait for them.
[matters.motor_vehicle_parking]
dwell_s = 20
sightings_min = 4
revisit_s = 4
clear_looks = 2
clear_over_s = 10
`,
    );
    if (wishes.past) this.fill(wishes.past);
    await this.start();
  }

  /** Models and pipelines of this house: those of the product, and what it wishes. Returns the settings that name them. */
  private withOwnEyes({ verifier, trial }: Wishes): string {
    const [models, pipelines] = [join(this.folder, 'models'), join(this.folder, 'pipelines')];
    mkdirSync(models);
    for (const name of readdirSync(join(root, 'models'))) symlinkSync(join(root, 'models', name), join(models, name));
    symlinkSync(join(root, 'fixtures/models/mean_colour'), join(models, 'mean_colour'));
    cpSync(join(root, 'pipelines'), pipelines, { recursive: true });
    const parking = join(pipelines, 'motor_vehicle_parking.toml');
    if (verifier)
      appendFileSync(parking, '\n[verify]\nmodel = "mean_colour"\nclasses = ["garbage"]\naccept_min = 0.05\n');
    if (trial) {
      const [usual, unsure] = ['score_min = 0.35', 'score_min = 0.7'];
      const pipeline = readFileSync(parking, 'utf8');
      if (!pipeline.includes(usual)) throw new Error(`${parking} has no ${usual}`);
      writeFileSync(parking, pipeline.replace(usual, unsure) + '\n[shadow]\nmodel = "street_640"\nevery_s = 1\n');
    }
    return `models = "${models}"\npipelines = "${pipelines}"\n`;
  }

  /** Serves a clip as a camera, made first where it is not there. */
  private async startCamera(name: string, source: readonly string[]): Promise<string> {
    const clip = join(root, '.deps/demo', `${name}.h264`);
    if (!existsSync(clip)) {
      mkdirSync(join(root, '.deps/demo'), { recursive: true });
      const key = ['-bf', '0', '-g', '20', '-keyint_min', '20', '-sc_threshold', '0'];
      const coding = ['-an', '-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-pix_fmt', 'yuv420p', ...key];
      execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...source, ...coding, '-f', 'h264', clip]);
    }
    const camera = new Worker(name, join(target, 'examples/street_camera'), [
      ...['--listen', '127.0.0.1:0', '--path', `/${name}`, '--clip', clip, '--fps', '10'],
    ]);
    this.workers.push(camera);
    return await camera.said(/ready (rtsp:\S+)/);
  }

  /** Fills the store while the service does not run. */
  fill(past: string[]): void {
    execFileSync(join(target, 'examples/busy_desk'), [
      ...['--root', root, '--config', this.settings, '--data', this.data],
      ...cells.flatMap(([cell]) => ['--grid-cell', cell]),
      ...past,
    ]);
  }

  /** Starts the service, again where it was killed. */
  async start(): Promise<void> {
    const args = ['--root', root, '--config', this.settings, '--data', this.data, 'serve'];
    this.service = new Worker('service', join(target, 'xunjie'), args);
    if (this.setup === '') this.setup = await this.service.said(/\/setup#(\S+)/);
    await this.service.said(/http:\/\//);
    for (let tries = 0; ; tries += 1) {
      const well = await fetch(`${this.url}/api/v1/door`).then(
        (answer) => answer.ok,
        () => false,
      );
      if (well) return;
      if (tries > 300) throw new Error('the service does not answer');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** The one-time link that the service printed at its first start. */
  setupLink(): string {
    return `${this.url}/setup#${this.setup}`;
  }

  /** Ends the service as a power cut would. */
  async kill(): Promise<void> {
    await this.service?.end('SIGKILL');
  }

  async close(): Promise<void> {
    await this.service?.end('SIGTERM');
    for (const worker of this.workers.reverse()) await worker.end('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
