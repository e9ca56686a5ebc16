import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isLimited, learnLimit, limitedMs, useLimitedS } from './limited';
import { Problem } from './problem';

const limited = (seconds: number | null) => new Problem({ status: 429, type: 'urn:xunjie:problem:limited' }, seconds);
const lockedOut = new Problem({ status: 429, type: 'urn:xunjie:problem:locked-out' }, 30);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a limit', () => {
  it('is told from a lock-out, which no waiting call may pass', () => {
    expect([isLimited(limited(3)), isLimited(lockedOut), isLimited(new Problem({ status: 503 }))]).toEqual([
      true,
      false,
      false,
    ]);
    expect([limitedMs(limited(3)), limitedMs(limited(null)), limitedMs(new Error('x'))]).toEqual([3_000, 5_000, 0]);
  });

  it('is counted down and ends', () => {
    const { result } = renderHook(() => useLimitedS());
    expect(result.current).toBe(0);
    act(() => learnLimit(limited(3)));
    expect(result.current).toBe(3);
    act(() => {
      vi.advanceTimersByTime(1_600);
    });
    expect(result.current).toBe(2);
    act(() => learnLimit(lockedOut));
    act(() => {
      vi.advanceTimersByTime(2_000);
    });
    expect(result.current).toBe(0);
  });
});
