// Reads package-lock.json and fails when a library that reaches the browser has a licence outside of the list of deny.toml.
import { readFileSync } from 'node:fs';

const ALLOWED = new Set(['MIT', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'Zlib', '0BSD']);

/** Whether one of the alternatives holds allowed licences only. */
const allowed = (expression) =>
  expression
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((alternative) => alternative.split(' AND ').every((name) => ALLOWED.has(name)));

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const refused = Object.entries(packages)
  .filter(([path, entry]) => path.startsWith('node_modules/') && !entry.dev && !entry.optional)
  .filter(([, entry]) => !allowed(entry.license ?? 'none'));
for (const [path, entry] of refused) console.error(`web: ${path.slice(13)}: licence ${entry.license ?? 'unknown'}`);
process.exit(refused.length ? 1 : 0);
