import { describe, expect, it } from 'vitest';
import { beginOf, dayOf, isDay, isMonth, plusDays, plusMonths, presets } from './period';

describe('days of the city', () => {
  it('begin at its own midnight', () => {
    expect(beginOf('2026-11-26', '+08:00')).toBe('2026-11-25T16:00:00.000Z');
    expect(beginOf('2026-11-26', '-03:30')).toBe('2026-11-26T03:30:00.000Z');
  });

  it('are told from an instant', () => {
    expect(dayOf('2026-11-25T16:00:00Z', '+08:00')).toBe('2026-11-26');
    expect(dayOf('2026-11-25T15:59:59Z', '+08:00')).toBe('2026-11-25');
  });

  it('are counted over months and years', () => {
    expect(plusDays('2026-12-31', 1)).toBe('2027-01-01');
    expect(plusMonths('2026-01', -1)).toBe('2025-12');
    expect(plusMonths('2026-12', 1)).toBe('2027-01');
  });

  it('are told from what is none', () => {
    expect(['2026-11-26', '2026-13-01', '26-11-2026', '', null].map(isDay)).toEqual([true, false, false, false, false]);
    expect(['2026-11', '2026-13', undefined].map(isMonth)).toEqual([true, false, false]);
  });

  it('make the usual periods', () => {
    expect(presets('2026-03-05')).toEqual([
      { key: 'days_7', from: '2026-02-27', to: '2026-03-05' },
      { key: 'days_30', from: '2026-02-04', to: '2026-03-05' },
      { key: 'month', from: '2026-03-01', to: '2026-03-05' },
      { key: 'last_month', from: '2026-02-01', to: '2026-02-28' },
    ]);
  });
});
