import { expect, it } from 'vitest';
import type { Fault } from '@/api/problem';
import { byField } from './faults';

it('faults find their field', () => {
  const fault = (field: string, got = ''): Fault => ({ field, got, want: '', code: 'host' });
  const found = byField(
    [fault('matters[1]'), fault('location.grid_cell'), fault('code', 'first'), fault('code', 'second'), fault('body')],
    ['code', 'matters', 'grid_cell'],
  );
  expect([...found.entries()].map(([field, { field: of, got }]) => `${field} ${of} ${got}`.trim())).toEqual([
    'matters matters[1]',
    'grid_cell location.grid_cell',
    'code code first',
  ]);
});
