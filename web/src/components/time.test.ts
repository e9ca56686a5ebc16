import { describe, expect, it } from 'vitest';
import { civil, countdown, spanParts } from './time';

describe('civil time', () => {
  it('is the city’s, over midnight and with half hours', () => {
    expect(civil('2026-11-25T16:30:00Z', '+08:00')).toBe('2026-11-26 00:30:00');
    expect(civil('2026-11-26T00:10:00Z', '-03:30')).toBe('2026-11-25 20:40:00');
  });

  it('says a dash instead of a wrong date', () => {
    expect(civil('yesterday', '+08:00')).toBe('–');
  });
});

describe('spans', () => {
  it('have at most two units', () => {
    expect(spanParts(59.4)).toEqual({ unit: 'seconds', values: [59] });
    expect(spanParts(61)).toEqual({ unit: 'minutes', values: [1, 1] });
    expect(spanParts(2 * 3_600 + 59)).toEqual({ unit: 'hours', values: [2, 0] });
    expect(spanParts(3 * 86_400 + 5 * 3_600)).toEqual({ unit: 'days', values: [3, 5] });
    expect(spanParts(-5)).toEqual({ unit: 'seconds', values: [0] });
  });

  it('count down to zero and stay there', () => {
    expect(countdown(61_001)).toBe('01:02');
    expect(countdown(3_600_000)).toBe('1:00:00');
    expect(countdown(-1)).toBe('00:00');
  });
});
