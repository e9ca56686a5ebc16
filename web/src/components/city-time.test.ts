import { describe, expect, it } from 'vitest';
import { cityTime, fromCivil, toCivil } from './city-time';

it('is the civil time of the city, wherever the browser stands', () => {
  expect(cityTime('2026-11-25T16:30:05Z', '+08:00')).toBe('2026-11-26 00:30');
  expect(cityTime('2026-11-25T16:30:05Z', '+08:00', true)).toBe('2026-11-26 00:30:05');
  expect(cityTime('2026-11-26T00:30:00+08:00', '-05:00')).toBe('2026-11-25 11:30');
});

it('shows what is no instant as it came', () => {
  expect(cityTime('yesterday', '+08:00')).toBe('yesterday');
});

describe('the civil time of a field', () => {
  it('is reckoned from its offset, not from this machine', () => {
    expect(toCivil('2026-11-25T16:30:05.123Z', '+08:00')).toBe('2026-11-26T00:30');
    expect(fromCivil('2026-11-26T00:30', '+08:00')).toBe('2026-11-25T16:30:00.000Z');
    expect(toCivil('2026-11-25T16:30:00Z', '-03:30')).toBe('2026-11-25T13:00');
    expect([fromCivil('', '+08:00'), toCivil('never', '+08:00')]).toEqual([null, '']);
  });
});
