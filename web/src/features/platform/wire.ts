// What the platform's routes take and answer.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { ask, type PageOf } from '@/api/pending';
import { api, body, type Schemas } from '@/api/client';

export type Stage = Schemas['Stage'];
export type CaseOut = Schemas['CaseOut'];
export type DeliveryOut = Schemas['DeliveryOut'];
export type Moment = Schemas['MomentOut'];

export const STAGES: readonly Stage[] = [
  'filed',
  'accepted',
  'dispatched',
  'handled',
  'closed',
  'rejected',
  'cancelled',
];
export const DELIVERY_STATES = ['pending', 'dead', 'delivered'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface PlatformOut {
  configured: boolean;
  kind: 'http' | 'folder' | null;
  host: string | null;
  key_id: string | null;
  pause: Schemas['PauseOut'] | null;
  pending: number;
  dead: number;
  delivered_today: number;
  last_delivered_at: string | null;
  last_callback_at: string | null;
  callbacks: number;
}

export interface ReconciliationOut {
  day: string;
  ran_at: string;
  ok: boolean;
  error: string | null;
  ours: number;
  theirs: number | null;
  missing_there: { case: string; matter_name: string; opened_at: string }[];
  unknown_here: string[];
  stage_differs: { case: string; ours: string; theirs: string }[];
}

const PAGE = 100;

export const platformQuery = queryOptions({
  queryKey: ['platform'],
  queryFn: ({ signal }) => ask<PlatformOut>('GET', '/platform', { signal }),
  refetchInterval: 30_000,
});

export const deliveriesQuery = (state: DeliveryState) =>
  infiniteQueryOptions({
    queryKey: ['deliveries', state],
    queryFn: ({ pageParam, signal }) =>
      body(api.GET('/api/v1/deliveries', { params: { query: { state, limit: PAGE, ...after(pageParam) } }, signal })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? null,
  });

export const casesQuery = (stage: Stage | null, area: string | null) =>
  infiniteQueryOptions({
    queryKey: ['cases', stage, area],
    queryFn: ({ pageParam, signal }) =>
      ask<PageOf<CaseOut>>('GET', '/cases', { query: { stage, area, limit: PAGE, after: pageParam }, signal }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? null,
  });

export const caseQuery = (id: string) =>
  queryOptions({
    queryKey: ['cases', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/cases/{id}', { params: { path: { id } }, signal })),
  });

export const timelineQuery = (id: string) =>
  queryOptions({
    queryKey: ['cases', id, 'timeline'],
    queryFn: ({ signal }) => ask<{ items: Moment[] }>('GET', `/cases/${id}/timeline`, { signal }),
  });

export const bundleQuery = (id: string) =>
  queryOptions({
    queryKey: ['evidence', id],
    queryFn: ({ signal }) => body(api.GET('/api/v1/evidence/{id}', { params: { path: { id } }, signal })),
    staleTime: Infinity,
  });

export const reconciliationsQuery = infiniteQueryOptions({
  queryKey: ['reconciliations'],
  queryFn: ({ pageParam, signal }) =>
    ask<PageOf<ReconciliationOut>>('GET', '/reconciliations', { query: { limit: 31, after: pageParam }, signal }),
  initialPageParam: '',
  getNextPageParam: (page) => page.next,
});

export function replay(id: string) {
  return body(api.POST('/api/v1/deliveries/{id}/replay', { params: { path: { id } } }));
}

export function reconcile(day: string) {
  return ask<ReconciliationOut>('POST', `/reconciliations/${day}`);
}

const after = (cursor: string) => (cursor === '' ? {} : { after: cursor });
