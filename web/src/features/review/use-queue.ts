import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from 'react';
import { useChanges } from '@/api/changes';
import { decisions, queueQuery, readQueue } from './calls';
import { isComplete, rows, waiting, withBack, withEnd, withFront, without, type QueueData } from './queue-data';
import type { QueueFilter, QueueItemOut } from './types';

/** However many changes come, the front is read at most this often. */
const REFRESH_MS = 2_000;

/** The queue, live: the feed takes rows out and brings new ones, and verdicts of this page count before they are sent. */
export function useQueue(filter: QueueFilter) {
  const client = useQueryClient();
  const options = useMemo(() => queueQuery(filter), [filter]);
  const query = useInfiniteQuery(options);
  const given = useSyncExternalStore(decisions.watch, decisions.all);

  const edit = useCallback(
    (change: (data: QueueData) => QueueData) =>
      client.setQueryData<QueueData>(options.queryKey, (data) => data && change(data)),
    [client, options],
  );

  const refresh = useCallback(async () => {
    const data = client.getQueryData<QueueData>(options.queryKey);
    if (!data) return;
    const front = await readQueue(filter, null);
    edit((data) => withFront(data, front));
    const param = data.pageParams.at(-1);
    if (isComplete(data) && data.pages.length > 1 && param) {
      const end = await readQueue(filter, param);
      edit((data) => (data.pageParams.at(-1) === param ? withEnd(data, end) : data));
    }
  }, [client, edit, filter, options]);

  const soon = useThrottled(refresh, REFRESH_MS);
  useChanges(['incident.'], (change) => {
    if (change === 'reload') {
      soon();
    } else if (change.topic === 'incident.reviewed') {
      edit((data) => without(data, change.subject));
      // One that was reclassified waits on under its other matter; the reading brings it back.
      soon();
    } else {
      if (change.topic === 'incident.reopened_for_review') void decisions.forget(change.subject);
      soon();
    }
  });
  useEffect(() => {
    const stop = decisions.listen((news) => {
      const { row } = news.decision;
      if (news.kind === 'failed' || news.kind === 'undone') edit((data) => withBack(data, row));
      if (news.kind === 'sent' || news.kind === 'taken') edit((data) => without(data, row.incident.id));
    });
    return () => void stop();
  }, [edit]);

  const data = query.data as QueueData | undefined;
  const loaded = useMemo(() => rows(data), [data]);
  const list = useMemo((): QueueItemOut[] => loaded.filter((row) => !given.has(row.incident.id)), [loaded, given]);
  return { ...query, list, waiting: Math.max(0, waiting(data) - (loaded.length - list.length)) };
}

/** Runs `act` at once and then at most every `everyMs`, the last call included. Failures are left to the next call. */
function useThrottled(act: () => Promise<void>, everyMs: number) {
  const state = useRef({ lastMs: 0, timer: undefined as ReturnType<typeof setTimeout> | undefined });
  useEffect(() => {
    const { current } = state;
    return () => clearTimeout(current.timer);
  }, []);
  return () => {
    const { current } = state;
    if (current.timer !== undefined) return;
    const waitMs = Math.max(0, current.lastMs + everyMs - Date.now());
    current.timer = setTimeout(() => {
      current.timer = undefined;
      current.lastMs = Date.now();
      act().catch(() => undefined);
    }, waitMs);
  };
}
