// What the platform's routes take and answer.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
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

export type PlatformOut = Schemas['PlatformOut'];
export type ReconciliationOut = Schemas['ReconciliationOut'];

const PAGE = 100;

export const platformQuery = queryOptions({
  queryKey: ['platform'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/platform', { signal })),
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
      body(
        api.GET('/api/v1/cases', {
          params: {
            query: { limit: PAGE, ...(stage ? { stage } : {}), ...(area ? { area } : {}), ...after(pageParam) },
          },
          signal,
        }),
      ),
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
    queryFn: ({ signal }) => body(api.GET('/api/v1/cases/{id}/timeline', { params: { path: { id } }, signal })),
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
    body(api.GET('/api/v1/reconciliations', { params: { query: { limit: 31, ...after(pageParam) } }, signal })),
  initialPageParam: '',
  getNextPageParam: (page) => page.next ?? null,
});

export function replay(id: string) {
  return body(api.POST('/api/v1/deliveries/{id}/replay', { params: { path: { id } } }));
}

export function reconcile(day: string) {
  return body(api.POST('/api/v1/reconciliations/{day}', { params: { path: { day } } }));
}

const after = (cursor: string) => (cursor === '' ? {} : { after: cursor });
