// Which field of a form a fault of the server's belongs to. Pure.
import type { Fault } from '@/api/problem';

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
