import { expect, it } from 'vitest';
import { cityTime } from './city-time';

it('is the civil time of the city, wherever the browser stands', () => {
  expect(cityTime('2026-11-25T16:30:05Z', '+08:00')).toBe('2026-11-26 00:30');
  expect(cityTime('2026-11-25T16:30:05Z', '+08:00', true)).toBe('2026-11-26 00:30:05');
  expect(cityTime('2026-11-26T00:30:00+08:00', '-05:00')).toBe('2026-11-25 11:30');
});

it('shows what is no instant as it came', () => {
  expect(cityTime('yesterday', '+08:00')).toBe('yesterday');
});
