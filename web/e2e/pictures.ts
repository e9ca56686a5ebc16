// Pictures for the incidents of a crowd: frames of the demo's clip, cut out once.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './house';

const CLIP = '/usr/share/doc/opencv-doc/examples/data/vtest.avi';
const FRAMES = { first: 4, middle: 20, latest: 40 } as const;

/** Arguments of `busy_desk` that give incidents these pictures. */
export function bundleOfDemo(): string[] {
  const folder = join(root, '.deps/demo/bundle');
  if (!existsSync(join(folder, 'plain_latest.jpg'))) {
    mkdirSync(folder, { recursive: true });
    for (const [name, second] of Object.entries(FRAMES)) {
      const frame = join(folder, `${name}.jpg`);
      const input = ['-nostdin', '-v', 'error', '-y', '-ss', String(second), '-i', CLIP];
      execFileSync('ffmpeg', [...input, '-frames:v', '1', '-q:v', '4', frame]);
      copyFileSync(frame, join(folder, `plain_${name}.jpg`));
    }
    copyFileSync(join(folder, 'latest.jpg'), join(folder, 'annotated.jpg'));
  }
  return ['--pictures', folder];
}
