// What the reviewer's screens ask of the server, in one place.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, body } from '@/api/client';
import { queryClient } from '@/api/query';
import { sessionQuery } from '@/app/session/session';
import { Decisions } from './decisions';
import type { Given, IncidentDetailOut, NextOut, Opinion, QueueFilter, QueueOut } from './types';

/** Rows of one reading of the queue. */
export const PAGE_ROWS = 200;
/** Verdicts on their way that the next incident must not be; the server takes one more. */
const BUT_MAX = 199;

export function readQueue(filter: QueueFilter, after: string | null, signal?: AbortSignal): Promise<QueueOut> {
  const { matter, area } = filter;
  const query = { ...(matter && { matter }), ...(area && { area }), ...(after && { after }), limit: PAGE_ROWS };
  return body(api.GET('/api/v1/queue', { params: { query }, ...(signal && { signal }) }));
}

const at = (id: string) => ({ params: { path: { id } } });

/** The queue is read once; from then on it is kept current by the feed (`use-queue.ts`), never read whole again. */
export const queueQuery = (filter: QueueFilter) =>
  infiniteQueryOptions({
    queryKey: ['queue', filter],
    queryFn: ({ pageParam, signal }): Promise<QueueOut> => readQueue(filter, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last: QueueOut): string | null => last.next ?? null,
    staleTime: Infinity,
    gcTime: 60_000,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

export const detailQuery = (id: string) =>
  queryOptions({
    queryKey: ['incident', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/incidents/{id}', { ...at(id), signal })),
    staleTime: 60_000,
  });

/** All of what was read on the thing; it is asked for by hand and never kept. */
export const readWhole = (id: string) => body(api.GET('/api/v1/incidents/{id}/reading', at(id)));

export const similarQuery = (id: string) =>
  queryOptions({
    queryKey: ['similar', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/incidents/{id}/similar', { ...at(id), signal })),
    staleTime: 60_000,
  });

export const clustersQuery = (filter: QueueFilter) =>
  queryOptions({
    queryKey: ['clusters', filter],
    queryFn: ({ signal }) => {
      const { matter, area } = filter;
      return body(
        api.GET('/api/v1/clusters', {
          params: { query: { ...(matter && { matter }), ...(area && { area }) } },
          signal,
        }),
      );
    },
  });

/** A decided incident to be judged again by somebody who does not see how it was judged. */
export const secondReviewQuery = queryOptions({
  queryKey: ['second_review'],
  queryFn: async ({ signal }): Promise<IncidentDetailOut | null> => {
    const drawn = await body(api.GET('/api/v1/second_reviews/next', { signal }));
    return drawn?.incident ?? null;
  },
  staleTime: Infinity,
  refetchOnWindowFocus: false,
});

/** Calls about locks go one after the other: a lock that is given back must not overtake one that is taken. */
let lastLock: Promise<unknown> = Promise.resolve();
function inTurn<T>(call: () => Promise<T>): Promise<T> {
  const answer = lastLock.then(call, call);
  lastLock = answer.catch(() => undefined);
  return answer;
}

export const takeLock = (id: string) => inTurn(() => body(api.PUT('/api/v1/incidents/{id}/lock', at(id))));
export const giveLockBack = (id: string) => inTurn(() => api.DELETE('/api/v1/incidents/{id}/lock', at(id)));

/** What the server hands out behind `after`; it is locked for us then. Never what a verdict of ours is on its way to. */
export const nextQuery = (filter: QueueFilter, after: string | undefined) =>
  queryOptions({
    queryKey: ['next', filter, after ?? null],
    queryFn: (): Promise<NextOut> => {
      const given = [...decisions.all().values()].filter((one) => one.state === 'sending');
      const but = given.map((one) => one.row.incident.id).slice(-BUT_MAX);
      if (after !== undefined) but.push(after);
      return inTurn(() => body(api.POST('/api/v1/queue/next', { body: { ...filter, after: after ?? null, but } })));
    },
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

/** The incident goes on waiting, under another matter. */
export const reclassify = (id: string, matter: string) =>
  body(api.POST('/api/v1/incidents/{id}/verdict', { ...at(id), body: { verdict: 'reclassified', matter, note: '' } }));

export const decideMany = (incidents: string[], given: Given) =>
  body(api.POST('/api/v1/verdicts', { body: { incidents, ...given, note: '' } }));

export const secondReview = (id: string, given: Opinion) =>
  api.POST('/api/v1/second_reviews/{incident}', { params: { path: { incident: id } }, body: { ...given, note: '' } });

/** All verdicts of this page; it outlives the screens, so that leaving one loses nothing. */
export const decisions = new Decisions({
  decide: (id, given) => body(api.POST('/api/v1/incidents/{id}/verdict', { ...at(id), body: { ...given, note: '' } })),
  undo: (id) => body(api.DELETE('/api/v1/incidents/{id}/verdict', at(id))),
  show: (id) => body(api.GET('/api/v1/incidents/{id}', at(id))),
  self: () => queryClient.getQueryData(sessionQuery.queryKey)?.account.name ?? '',
  wait: (ms) => new Promise((done) => setTimeout(done, ms)),
});
