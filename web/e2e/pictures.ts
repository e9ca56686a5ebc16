// Pictures for the incidents of a crowd: the evidence of the parked van that the product itself finds in the demo's clip,
// heads and plates hidden, found once.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root, target } from './house';

const CLIP = '/usr/share/doc/opencv-doc/examples/data/vtest.avi';
const FILES = ['first', 'middle', 'latest', 'annotated', 'plain_first', 'plain_middle', 'plain_latest'];
/** Around the kerb at the upper right of the clip, where a van stands from the first frame to the last. */
const SCENE = `start = "2026-11-23T09:00:00+08:00"
code = "street"
name = "street"
matters = ["motor_vehicle_parking"]
revisit_s = 1
[[zones]]
name = "禁停区"
kind = "strict"
polygon = [[0.82, 0.05], [0.95, 0.05], [0.95, 0.22], [0.82, 0.22]]
`;
const SETTINGS = `[matters.motor_vehicle_parking]
dwell_s = 20
sightings_min = 4
revisit_s = 1
`;

interface Manifest {
  files: { name: string; bbox?: [number, number, number, number] | null }[];
}

/** Arguments of `busy_desk` that give incidents these pictures. */
export function bundleOfDemo(): string[] {
  const folder = join(root, '.deps/demo/van');
  const place = join(folder, 'box.txt');
  if (!existsSync(place)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(place, find(folder));
  }
  return ['--pictures', folder, '--box', readFileSync(place, 'utf8')];
}

/** Plays the clip through the whole spine, keeps the files of the first bundle and says where the van is. */
function find(folder: string): string {
  const work = mkdtempSync(join(tmpdir(), 'xunjie-van.'));
  try {
    const [frames, scene, settings] = [join(work, 'frames'), join(work, 'scene.toml'), join(work, 'xunjie.toml')];
    mkdirSync(frames);
    writeFileSync(scene, SCENE);
    writeFileSync(settings, SETTINGS);
    const looks = ['-nostdin', '-v', 'error', '-i', CLIP, '-r', '1', '-frames:v', '45', '-q:v', '3'];
    execFileSync('ffmpeg', [...looks, join(frames, '%03d.jpg')]);
    const data = join(work, 'data');
    const spine = ['--root', root, '--config', settings, '--data', data, 'replay', '--clip', frames, '--scene', scene];
    execFileSync(join(target, 'xunjie'), spine, { stdio: ['ignore', 'ignore', 'inherit'] });
    const found = readdirSync(data, { recursive: true, encoding: 'utf8' }).find((path) =>
      path.endsWith('manifest.json'),
    );
    if (found === undefined) throw new Error('nothing was found in the clip of the demo');
    const bundle = dirname(join(data, found));
    for (const name of FILES) copyFileSync(join(bundle, `${name}.jpg`), join(folder, `${name}.jpg`));
    const { files } = JSON.parse(readFileSync(join(bundle, 'manifest.json'), 'utf8')) as Manifest;
    const box = files.find(({ name }) => name === 'latest.jpg')?.bbox;
    if (!box) throw new Error('the bundle does not say where the van is');
    const [width, height] = size(join(folder, 'latest.jpg'));
    return box.map((side, at) => (side / (at % 2 === 0 ? width : height)).toFixed(4)).join(',');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function size(picture: string): [number, number] {
  const asked = ['-v', 'error', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', picture];
  const [width = 1, height = 1] = execFileSync('ffprobe', asked, { encoding: 'utf8' }).split(',').map(Number);
  return [width, height];
}
