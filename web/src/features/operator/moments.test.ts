import { describe, expect, it } from 'vitest';
import { fromCivil, toCivil } from './moments';

describe("the city's civil time", () => {
  it('is reckoned from its offset, not from this machine', () => {
    expect(toCivil('2026-11-25T16:30:05.123Z', '+08:00')).toBe('2026-11-26T00:30');
    expect(fromCivil('2026-11-26T00:30', '+08:00')).toBe('2026-11-25T16:30:00.000Z');
    expect(toCivil('2026-11-25T16:30:00Z', '-03:30')).toBe('2026-11-25T13:00');
    expect([fromCivil('', '+08:00'), toCivil('never', '+08:00')]).toEqual([null, '']);
  });
});
