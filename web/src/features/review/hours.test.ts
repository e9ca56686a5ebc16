import { expect, it } from 'vitest';
import { spansOn, weekday } from './hours';

const none: never[] = [];

it('knows the day of the week, Monday first', () => {
  expect(weekday('2026-11-23')).toBe(0);
  expect(weekday('2026-11-29')).toBe(6);
});

it('names the spans of the day', () => {
  const weekly = [
    none,
    none,
    none,
    [
      { from: '07:00', to: '12:00' },
      { from: '14:00', to: '22:00' },
    ],
    none,
    none,
    none,
  ];
  expect(spansOn({ weekly }, '2026-11-26')).toEqual(['07:00–12:00', '14:00–22:00']);
  expect(spansOn({ weekly }, '2026-11-27')).toEqual([]);
  expect(spansOn(null, '2026-11-27')).toBeNull();
});
