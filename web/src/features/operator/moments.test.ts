import { describe, expect, it } from 'vitest';
import { fromCivil, offsetMinutes, toCivil } from './moments';

describe("the city's civil time", () => {
  it('is reckoned from its offset, not from this machine', () => {
    expect([offsetMinutes('+08:00'), offsetMinutes('-03:30'), offsetMinutes('odd')]).toEqual([480, -210, 0]);
    expect(toCivil('2026-11-25T16:30:05.123Z', '+08:00')).toBe('2026-11-26T00:30');
    expect(fromCivil('2026-11-26T00:30', '+08:00')).toBe('2026-11-25T16:30:00.000Z');
    expect([fromCivil('', '+08:00'), toCivil('never', '+08:00')]).toEqual([null, '']);
  });
});
