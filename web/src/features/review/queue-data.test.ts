import { describe, expect, it } from 'vitest';
import {
  isComplete,
  nextAfter,
  rows,
  waiting,
  withBack,
  withEnd,
  withFront,
  without,
  type QueueData,
} from './queue-data';
import { row } from './sample';
import type { QueueOut } from './types';

const page = (ids: number[], next: string | null, total: number): QueueOut => ({
  items: ids.map((n) => row(`i${n}`, n)),
  next,
  waiting: total,
});
const ids = (data: QueueData) => rows(data).map((one) => one.incident.id);

const data = (): QueueData => ({
  pages: [page([1, 2, 3], 'c3', 7), page([4, 5, 6], 'c6', 7)],
  pageParams: [null, 'c3'],
});

describe('the queue', () => {
  it('loses one row and counts it once', () => {
    const after = without(data(), 'i5');
    expect(ids(after)).toEqual(['i1', 'i2', 'i3', 'i4', 'i6']);
    expect(waiting(after)).toBe(6);
    expect(without(after, 'i5')).toBe(after);
  });

  it('takes one back at the front, also when it never left', () => {
    expect(ids(withBack(data(), row('i9', 9)))).toEqual(['i9', 'i1', 'i2', 'i3', 'i4', 'i5', 'i6']);
    const again = withBack(data(), row('i4', 4));
    expect(ids(again)).toEqual(['i4', 'i1', 'i2', 'i3', 'i5', 'i6']);
    expect(waiting(again)).toBe(7);
  });

  it('shows a row once that moved from one page to the other between two readings', () => {
    const after = withFront(data(), page([2, 3, 4], 'c4', 6));
    expect(ids(after)).toEqual(['i2', 'i3', 'i4', 'i5', 'i6']);
    expect(waiting(after)).toBe(6);
  });

  it('drops rows that the front should hold and does not, and keeps those near its edge', () => {
    const after = withFront(data(), page([1, 2, 3, 6], 'c6', 5));
    expect(ids(after)).toEqual(['i1', 'i2', 'i3', 'i6', 'i5']);
  });

  it('is the front alone where the front is all', () => {
    const after = withFront(data(), page([1, 2], null, 2));
    expect(ids(after)).toEqual(['i1', 'i2']);
    expect(isComplete(after)).toBe(true);
    expect(after.pageParams).toHaveLength(after.pages.length);
  });

  it('grows at its end', () => {
    const after = withEnd(data(), page([4, 5, 6, 7], null, 7));
    expect(ids(after)).toEqual(['i1', 'i2', 'i3', 'i4', 'i5', 'i6', 'i7']);
  });
});

describe('the next row', () => {
  const taken = { lock: { by: '王', mine: false, until: '2026-11-26T09:00:00Z' } };
  const list = [row('a', 1), row('b', 2, taken), row('c', 3)];

  it('passes by what a colleague has open', () => {
    expect(nextAfter(list, 'a')?.incident.id).toBe('c');
    expect(nextAfter(list, 'c')?.incident.id).toBe('a');
  });

  it('is a colleague’s where nothing else waits, and none where nothing waits', () => {
    expect(nextAfter([row('a', 1), row('b', 2, taken)], 'a')?.incident.id).toBe('b');
    expect(nextAfter([row('a', 1)], 'a')).toBeUndefined();
    expect(nextAfter(list, 'gone')?.incident.id).toBe('a');
  });
});
