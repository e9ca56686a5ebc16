/**
 * The server's faults in the person's language. The server says what it wants in fixed English words; those that are
 * known here have a text under `server_fault`, and whatever is new is shown as the server said it. Pure.
 */
import type { Fault } from '@/api/problem';

interface Words {
  key: string;
  params: Record<string, string>;
}

const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/^1 to (?<count>\d+) characters without control characters$/, 'name'],
  [/^an area's name is /, 'area'],
  [/^at most (?<count>\d+) characters without control characters$/, 'words'],
  [/^1 to 64 of letters, digits/, 'code'],
  [/^not an address/, 'no_address'],
  [/^scheme "?(?<scheme>[^" ]*)"? is not supported/, 'scheme'],
  [/^put the user name and the password into their own fields/, 'credential_inside'],
  [/^the address names no host/, 'no_host'],
  [/^an address in a network of cameras/, 'network'],
  [/^an address of a camera; files are registered by/, 'file'],
  [/^at most 2000 bytes/, 'long_address'],
  [/^a password needs a user name/, 'lone_password'],
  [/^no such matter/, 'no_such_matter'],
  [/is no matter key/, 'no_such_matter'],
  [/^1 to 86400 seconds/, 'revisit'],
  [/^-180 to 180 degrees/, 'longitude'],
  [/^-90 to 90 degrees/, 'latitude'],
  [/^15 digits/, 'grid_cell'],
  [/^each code once; line (?<line>\d+) has it too/, 'code_twice'],
  [/^the code itself; Excel/, 'code_of_excel'],
  [/^another code: this one is taken/, 'code_taken'],
  [/^auto, tcp or udp/, 'transport'],
  [/^cgcs2000, wgs84, gcj02 or bd09/, 'crs'],
  [/^longitude, latitude, crs and address together/, 'place_together'],
  [/^nothing: this stream has several views/, 'several_views'],
  [/^each column once/, 'column_twice'],
  [/^names separated by commas, of these: (?<names>.*)/, 'column_names'],
  [/^a column `code`/, 'column_code'],
  [/^(?<count>\d+) cells, as many as the header/, 'cells'],
  [/^at most (?<count>\d+) characters; is a quote left open/, 'cell_long'],
  [/^no line break; is a quote left open/, 'line_break'],
  [/credential/, 'credential_again'],
];

/** The text of a fault under `server_fault`; null where only the server's own words are known. */
export function faultWords({ want }: Pick<Fault, 'want'>): Words | null {
  for (const [pattern, key] of KNOWN) {
    const match = pattern.exec(want);
    if (match) return { key: `server_fault.${key}`, params: { ...match.groups } };
  }
  return null;
}

/** Faults by the field of the form that they belong to; `matters[2]` and `location.crs` belong to their first part. */
export function byField(faults: readonly Fault[], fields: readonly string[]): Map<string, Fault> {
  const found = new Map<string, Fault>();
  for (const fault of faults) {
    const field = fields.find(
      (field) => fault.field === field || fault.field.startsWith(`${field}[`) || fault.field.endsWith(`.${field}`),
    );
    if (field && !found.has(field)) found.set(field, fault);
  }
  return found;
}
