// What the operator's pages ask of the server, and how they are kept true by the feed of changes.
import { queryOptions, useQueryClient, type QueryKey } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useChanges } from '@/api/changes';
import { api, body, type Schemas } from '@/api/client';

export type Stream = Schemas['StreamOut'];
export type StreamChange = Schemas['StreamChange'];
export type ViewCoverage = Schemas['ViewCoverageOut'];
export type View = Schemas['ViewOut'];
export type Zone = Schemas['ZoneOut'];
export type Look = Schemas['LookOut'];
export type Sign = Schemas['SignOut'];
export type { Matter } from '@/components/matters';
export type Location = Schemas['Location'];

export const streamsQuery = queryOptions({
  queryKey: ['streams'],
  queryFn: async () => (await body(api.GET('/api/v1/streams'))).items,
});

export const streamQuery = (id: string) =>
  queryOptions({
    queryKey: ['streams', id],
    queryFn: () => body(api.GET('/api/v1/streams/{id}', { params: { path: { id } } })),
  });

/** Every view and how it stands, those that are not covered first. */
export const viewsQuery = queryOptions({
  queryKey: ['views'],
  queryFn: async () => (await body(api.GET('/api/v1/views'))).items,
});

export const viewQuery = (id: string) =>
  queryOptions({
    queryKey: ['views', id],
    queryFn: () => body(api.GET('/api/v1/views/{id}', { params: { path: { id } } })),
  });

export const zonesQuery = (view: string) =>
  queryOptions({
    queryKey: ['zones', view],
    queryFn: async () => (await body(api.GET('/api/v1/zones', { params: { query: { view } } }))).items,
  });

export const versionsQuery = (zone: string) =>
  queryOptions({
    queryKey: ['zones', zone, 'versions'],
    queryFn: async () => (await body(api.GET('/api/v1/zones/{id}/versions', { params: { path: { id: zone } } }))).items,
  });

export const looksQuery = (view: string) =>
  queryOptions({
    queryKey: ['views', view, 'looks'],
    queryFn: async () =>
      (await body(api.GET('/api/v1/views/{id}/looks', { params: { path: { id: view }, query: { limit: 50 } } }))).items,
  });

export const calendarQuery = queryOptions({
  queryKey: ['calendar'],
  queryFn: () => body(api.GET('/api/v1/calendar')),
  staleTime: Infinity,
});

export const signsQuery = (view: string) =>
  queryOptions({
    queryKey: ['views', view, 'signs'],
    queryFn: async () => (await body(api.GET('/api/v1/views/{id}/signs', { params: { path: { id: view } } }))).items,
  });

/** Address of a view's reference picture; another picture has another address. */
export function referenceUrl(view: View): string | null {
  return view.reference ? `/api/v1/views/${view.id}/reference?version=${view.reference.version}` : null;
}

/** The same as small as a tile shows it. */
export function tileUrl(view: View): string | null {
  const url = referenceUrl(view);
  return url && `${url}&width=${window.devicePixelRatio > 1 ? 640 : 320}`;
}

/**
 * Reads the named queries anew when something happened, at once at first and then no more often than every `everyMs`: a
 * thousand cameras finish dozens of looks a second.
 */
export function useFresh(topics: readonly string[], keys: readonly QueryKey[], everyMs: number) {
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const last = useRef(0);
  useEffect(
    () => () => {
      if (timer.current) clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
  useChanges(topics, () => {
    if (timer.current) return;
    const wait = Math.max(0, last.current + everyMs - Date.now());
    timer.current = setTimeout(() => {
      timer.current = null;
      last.current = Date.now();
      for (const queryKey of keys) void client.invalidateQueries({ queryKey, exact: true });
    }, wait);
  });
}
