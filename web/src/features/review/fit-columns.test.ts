import { expect, it } from 'vitest';
import { fitColumns } from './fit-columns';
import { closeUp, towards } from './towards';

const box = { width: 1_100, height: 640 };

it('takes the fewest columns that show everything', () => {
  for (const count of [2, 3, 9, 14, 30, 45]) {
    const columns = fitColumns(count, box, 8, 28);
    const height = (wide: number) => {
      const rows = Math.ceil(count / wide);
      return rows * ((((box.width - 8 * (wide - 1)) / wide) * 9) / 16 + 28) + (rows - 1) * 8;
    };
    expect(height(columns)).toBeLessThanOrEqual(box.height);
    if (columns > 2) expect(height(columns - 1)).toBeGreaterThan(box.height);
  }
});

it('scrolls before pictures become too small', () => {
  expect(fitColumns(200, box, 8, 28)).toBe(9);
});

it('holds a cut picture at its box', () => {
  expect(towards([0.82, 0.05, 0.95, 0.22])).toBe('89% 14%');
  expect(towards([])).toBe('50% 50%');
});

it('shows a thing close up, in the middle where the rim lets it be', () => {
  expect(closeUp([0.4, 0.4, 0.6, 0.5])).toEqual({
    objectPosition: '50% 45%',
    transform: 'scale(2.00)',
    transformOrigin: '50% 40%',
  });
  expect(closeUp([0.82, 0.05, 0.95, 0.22]).transformOrigin).toBe('100% 0%');
  expect(closeUp([0.1, 0.1, 0.9, 0.9]).transform).toBe('scale(1.00)');
  expect(closeUp([]).transformOrigin).toBe('50% 50%');
});
