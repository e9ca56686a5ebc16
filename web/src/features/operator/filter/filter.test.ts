import { describe, expect, it } from 'vitest';
import { passes, readFilter, rowsOf, type Filter, type Row } from './filter';

const all: Filter = { search: '', state: null, area: null, matter: null };
const row = {
  stream: {
    id: 's1',
    code: '51010601001310000001',
    name: '<b>东门</b>\u202e路口',
    url: 'rtsp://10.2.3.4/ch1',
    area: '青羊区',
    location: { address: '天府大道 1 号', grid_cell: '510106001001001', longitude: 104, latitude: 30, crs: 'cgcs2000' },
  },
  view: { coverage: 'blind', state: 'covered', view: { stream: 's1', name: '默认画面', matters: ['stall'] } },
} as unknown as Row;

describe('the filter', () => {
  it.each<[Partial<Filter>, boolean]>([
    [{}, true],
    [{ search: '  ' }, true],
    [{ search: '东门 路口' }, true],
    [{ search: '天府 510106001001001' }, true],
    [{ search: 'RTSP://10.2' }, true],
    [{ search: '东门 西门' }, false],
    [{ search: '.*' }, false],
    [{ state: 'obstructed' }, true],
    [{ state: 'covered' }, false],
    [{ state: 'bad' }, true],
    [{ area: '青羊区' }, true],
    [{ area: '' }, false],
    [{ matter: 'stall' }, true],
    [{ matter: 'motor_vehicle_parking' }, false],
  ])('%j', (filter, passed) => {
    expect(passes(row, { ...all, ...filter })).toBe(passed);
  });

  it('is read from the address, and forgets what is no state', () => {
    expect(readFilter(new URLSearchParams('q=a+b&state=moved&area='))).toEqual({
      ...all,
      search: 'a b',
      state: 'moved',
      area: '',
    });
    expect(readFilter(new URLSearchParams('state=constructor'))).toEqual(all);
  });

  it('leaves out views whose stream is not there yet', () => {
    expect(rowsOf([], [row.view])).toEqual([]);
    expect(rowsOf([row.stream], [row.view])).toEqual([row]);
  });
});
