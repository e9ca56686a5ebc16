// The queue as loaded so far, and how it changes: pure functions over pages, so that live changes never read ten
// thousand rows again.
import type { InfiniteData } from '@tanstack/react-query';
import type { QueueItemOut, QueueOut } from './types';

export type QueueData = InfiniteData<QueueOut, string | null>;

/** The server orders by the minute; within one the order of two answers may differ. */
const ORDER_MS = 60_000;

/** All loaded rows, each once, in the order of the first page that has it. */
export function rows(data: QueueData | undefined): QueueItemOut[] {
  const seen = new Set<string>();
  return (data?.pages ?? []).flatMap((page) =>
    page.items.filter(({ incident: { id } }) => !seen.has(id) && seen.add(id)),
  );
}

/** How many wait, by the page that was read last of all at the front. */
export function waiting(data: QueueData | undefined): number {
  return data?.pages[0]?.waiting ?? 0;
}

export function isComplete(data: QueueData | undefined): boolean {
  return data !== undefined && data.pages.at(-1)?.next == null;
}

/** Without one incident: somebody decided it. */
export function without(data: QueueData, id: string): QueueData {
  const had = data.pages.some((page) => page.items.some((row) => row.incident.id === id));
  if (!had) return data;
  return {
    ...data,
    pages: data.pages.map((page) => ({
      ...page,
      waiting: Math.max(0, page.waiting - 1),
      items: page.items.filter((row) => row.incident.id !== id),
    })),
  };
}

/** With one incident back at the front, where the eye is; the next reading puts it where it belongs. */
export function withBack(data: QueueData, row: QueueItemOut): QueueData {
  const rest = without(data, row.incident.id);
  return {
    ...rest,
    pages: rest.pages.map((page, index) => ({
      ...page,
      waiting: page.waiting + 1,
      items: index === 0 ? [row, ...page.items] : page.items,
    })),
  };
}

/** With the first page read anew. Rows that should stand in it and do not are gone. */
export function withFront(data: QueueData, fresh: QueueOut): QueueData {
  const ids = new Set(fresh.items.map((row) => row.incident.id));
  const last = fresh.items.at(-1);
  // An answer without a next page is the whole queue.
  const until = fresh.next == null || !last ? Infinity : Date.parse(last.review_due_at) - ORDER_MS;
  const stays = (row: QueueItemOut) => !ids.has(row.incident.id) && Date.parse(row.review_due_at) >= until;
  const tail = data.pages.slice(1).map((page) => ({ ...page, items: page.items.filter(stays) }));
  const pages = fresh.next == null ? [fresh] : [fresh, ...tail];
  return { pages, pageParams: data.pageParams.slice(0, pages.length) };
}

/** With the last page read anew: what came in since stands behind it. */
export function withEnd(data: QueueData, fresh: QueueOut): QueueData {
  return { ...data, pages: [...data.pages.slice(0, -1), fresh] };
}

/** The row to go to from `id`: the next that no colleague has open, else one before, else none. */
export function nextAfter(list: readonly QueueItemOut[], id: string | undefined): QueueItemOut | undefined {
  const at = list.findIndex((row) => row.incident.id === id);
  const around = [...list.slice(at + 1), ...list.slice(0, Math.max(0, at))];
  return around.find((row) => !row.lock || row.lock.mine) ?? around[0];
}
