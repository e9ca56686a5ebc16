// After `vite build`: lays a .gz beside every asset that shrinks and holds the initial script to its budget.
// Usage: node tools/finish.mjs dist
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Gzipped bytes of all scripts that run before the first screen (issue 5). */
const INITIAL_BYTES_MAX = 350_000;
/** Below this a file travels in one packet anyway. */
const WORTH_BYTES_MIN = 1024;

const dist = process.argv[2] ?? 'dist';
const manifestFolder = join(dist, '.vite');
const manifest = JSON.parse(readFileSync(join(manifestFolder, 'manifest.json'), 'utf8'));

const initial = new Set();
const visit = (key) => {
  if (initial.has(key)) return;
  initial.add(key);
  for (const next of manifest[key].imports ?? []) visit(next);
};
Object.keys(manifest)
  .filter((key) => manifest[key].isEntry)
  .forEach(visit);

const gzipped = (file) => gzipSync(readFileSync(file), { level: 9 });
const scripts = [...initial].map((key) => manifest[key].file).filter((file) => file.endsWith('.js'));
const bytes = scripts.reduce((sum, file) => sum + gzipped(join(dist, file)).length, 0);

for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  // index.html is filled in by the server for each answer; a compressed copy could not be.
  if (!entry.isFile() || !/\.(js|css|svg|json)$/.test(entry.name) || file.startsWith(manifestFolder)) continue;
  if (statSync(file).size < WORTH_BYTES_MIN) continue;
  const small = gzipped(file);
  if (small.length < statSync(file).size) writeFileSync(`${file}.gz`, small);
}
rmSync(manifestFolder, { recursive: true });

console.log(
  `web: initial script ${(bytes / 1000).toFixed(1)} kB gzipped in ${scripts.length} files, at most ${INITIAL_BYTES_MAX / 1000} kB`,
);
if (bytes > INITIAL_BYTES_MAX) {
  console.error('web: the initial script is too large; load what the first screen does not need with lazy()');
  process.exit(1);
}
