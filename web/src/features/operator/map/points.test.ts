import { describe, expect, it } from 'vitest';
import { cells, drawn, isDrawable, systems, type Spot } from './points';

const at = (longitude: number, latitude: number, more: Partial<Spot> = {}): Spot => ({
  longitude,
  latitude,
  crs: 'cgcs2000',
  ...more,
});

describe('points of the map', () => {
  it('bring GCJ-02 and BD-09 to where they lie, hundreds of metres away', () => {
    expect(drawn(at(104.0668, 30.5728))).toEqual([104.0668, 30.5728]);
    for (const [crs, metres] of [
      ['gcj02', 550],
      ['bd09', 1200],
    ] as const) {
      const [longitude, latitude] = drawn(at(104.0668, 30.5728, { crs }));
      const north = (latitude - 30.5728) * 111_000;
      const east = (longitude - 104.0668) * 111_000 * Math.cos((30.5728 * Math.PI) / 180);
      const away = Math.hypot(north, east);
      expect(Math.abs(away - metres), `${crs} ${away}`).toBeLessThan(metres * 0.4);
    }
  });

  it('leave out what lies nowhere', () => {
    expect([at(0, 0), at(200, 30), at(104, 89)].map(isDrawable)).toEqual([false, false, false]);
    expect(isDrawable(at(104, 30))).toBe(true);
  });

  it('gather into grid cells with a hull, also of one point and of points on a line', () => {
    const cell = (code: string, ...spots: [number, number][]) => spots.map(([x, y]) => at(x, y, { grid_cell: code }));
    const found = cells([
      ...cell('510106001001002', [104, 30], [104.2, 30], [104.1, 30.2], [104.1, 30.1]),
      ...cell('510106001001001', [104, 30]),
      ...cell('510106001001003', [104, 30], [104.1, 30], [104.2, 30]),
      at(103, 30),
      at(0, 0, { grid_cell: '510106001001001' }),
    ]);
    expect(found.map(({ code, points, hull }) => [code, points.length, hull.length])).toEqual([
      ['510106001001001', 1, 1],
      ['510106001001002', 4, 3],
      ['510106001001003', 3, expect.any(Number)],
    ]);
    expect(found[0]?.middle).toEqual([104, 30]);
  });

  it('name the systems that they are in', () => {
    expect(systems([at(1, 1), at(1, 1, { crs: 'bd09' }), at(1, 1)])).toEqual([
      { crs: 'cgcs2000', points: 2 },
      { crs: 'bd09', points: 1 },
    ]);
  });
});
