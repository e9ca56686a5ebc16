import { describe, expect, it } from 'vitest';
import { change, heatStep, interval, kappaWord, limitShare, percent } from './numbers';

describe('numbers', () => {
  it('writes shares', () => {
    expect(percent(0.8734)).toBe('87.3%');
    expect(percent(null)).toBe('–');
    expect(interval({ value: 0.5, low: 0.345, high: 0.655 })).toBe('50.0% (34.5–65.5%)');
    expect(interval(null)).toBe('–');
  });

  it('counts limits that are over only', () => {
    expect(limitShare({ limit_kept: 3, limit_missed: 1 })).toBe(0.75);
    expect(limitShare({ limit_kept: 0, limit_missed: 0 })).toBeNull();
  });

  it('compares with the month before', () => {
    expect(change(112, 100)).toBe('+12.0%');
    expect(change(90, 100)).toBe('−10.0%');
    expect(change(100, 100)).toBe('0.0%');
    expect(change(5, 0)).toBe('–');
    expect(change(5, null)).toBe('–');
  });

  it('keeps nothing apart from little on the map of hours', () => {
    expect([0, 1, 50, 100].map((count) => heatStep(count, 100, 6))).toEqual([0, 1, 3, 6]);
    expect(heatStep(0, 0, 6)).toBe(0);
  });

  it('names kappa', () => {
    expect([-0.1, 0.1, 0.3, 0.5, 0.7, 0.9].map(kappaWord)).toEqual([
      'poor',
      'slight',
      'fair',
      'moderate',
      'substantial',
      'perfect',
    ]);
  });
});
