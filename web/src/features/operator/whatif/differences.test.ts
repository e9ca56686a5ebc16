import { describe, expect, it } from 'vitest';
import { gather, type Difference, type Judged } from './differences';

const no: Judged = { counts: false, zone: null, why: 'no_zone' };
const yes: Judged = { counts: true, zone: '禁停区', why: 'counts' };
const seen = (at: string, x: number, more: Partial<Difference> = {}): Difference => ({
  look: at,
  at,
  matter: 'motor_vehicle_parking',
  matter_name: '机动车乱停放',
  bbox: [x, 0.4, x + 0.1, 0.5],
  score: 0.8,
  before: no,
  after: yes,
  ...more,
});

describe('differences', () => {
  it('of one car over many looks are one line', () => {
    const lines = gather([
      seen('2026-11-26T04:00:00Z', 0.2),
      seen('2026-11-26T04:02:00Z', 0.21),
      seen('2026-11-26T04:01:00Z', 0.205),
      seen('2026-11-26T04:01:00Z', 0.6),
    ]);
    expect(lines.map(({ times, from, until, turn }) => [times, from, until, turn])).toEqual([
      [3, '2026-11-26T04:00:00Z', '2026-11-26T04:02:00Z', 'now'],
      [1, '2026-11-26T04:01:00Z', '2026-11-26T04:01:00Z', 'now'],
    ]);
    expect(lines[0]?.bbox[0]).toBe(0.21);
  });

  it('stay apart where they are judged otherwise or are another matter', () => {
    const lines = gather([
      seen('1', 0.2),
      seen('2', 0.2, { before: yes, after: { counts: false, zone: '夜市', why: 'lawful_hours' } }),
      seen('3', 0.2, { before: yes, after: { ...yes, zone: '消防通道' } }),
      seen('4', 0.2, { matter: 'stall', matter_name: '占道经营' }),
    ]);
    expect(lines.map(({ turn }) => turn)).toEqual(['now', 'now', 'no_longer', 'other_zone']);
  });

  it('of nothing are nothing', () => {
    expect(gather([])).toEqual([]);
  });
});
