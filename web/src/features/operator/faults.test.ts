import { describe, expect, it } from 'vitest';
import zh from './locales/zh-CN.json';
import { byField, faultWords } from './faults';

const texts = zh.server_fault as Record<string, string>;

describe('faults of the server', () => {
  it.each([
    ['1 to 200 characters without control characters', 'name'],
    ['1 to 64 of letters, digits, `-`, `_` and `.`', 'code'],
    ['not an address; write rtsp://host/path, http://host/path or file:///path', 'no_address'],
    ['scheme "gopher" is not supported; use rtsp, rtsps, http, https or file', 'scheme'],
    ['an address in a network of cameras; see [networks] cameras in xunjie.toml', 'network'],
    ['no such matter; `xunjie check` lists them', 'no_such_matter'],
    ['15 digits (GB/T 47678.3)', 'grid_cell'],
    ['each code once; line 11 has it too', 'code_twice'],
    ['names separated by commas, of these: code,name,url', 'column_names'],
    ['14 cells, as many as the header names', 'cells'],
    ['at most 2000 characters; is a quote left open?', 'cell_long'],
  ])('%s', (want, key) => {
    expect(faultWords({ want })?.key).toBe(`server_fault.${key}`);
    expect(texts[key]).toBeTruthy();
  });

  it('keep their numbers, and stay in their own words where they are new', () => {
    expect(faultWords({ want: '1 to 200 characters without control characters' })?.params).toEqual({ count: '200' });
    expect(faultWords({ want: 'scheme "<b>" is not supported; use rtsp' })?.params).toEqual({ scheme: '<b>' });
    expect(faultWords({ want: 'something new' })).toBeNull();
  });

  it('find their field', () => {
    const fault = (field: string) => ({ field, got: '', want: field });
    const found = byField(
      [fault('matters[1]'), fault('location.grid_cell'), fault('code'), fault('code'), fault('body')],
      ['code', 'matters', 'grid_cell'],
    );
    expect([...found.entries()].map(([field, { want }]) => `${field} ${want}`)).toEqual([
      'matters matters[1]',
      'grid_cell location.grid_cell',
      'code code',
    ]);
  });
});
