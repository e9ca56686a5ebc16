// What the supervisor's routes take and answer.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, body, type Schemas } from '@/api/client';

export const DIMENSIONS = ['matter', 'street', 'grid_cell', 'stream', 'area', 'day', 'hour'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export type Share = Schemas['ShareOut'];
export type StatisticsRow = Schemas['StatisticsRowOut'];
export type HotPlace = Schemas['HotPlaceOut'];
export type ReportOut = Schemas['ReportOut'];

export type AgreementOut = Schemas['AgreementOut'];

/** What narrows a statistic. Times are instants. */
export interface Narrowing {
  from: string;
  until: string;
  matter?: string | undefined;
  area?: string | undefined;
}

/** Without what is not narrowed. */
function given({ from, until, matter, area }: Narrowing) {
  return { from, until, ...(matter ? { matter } : {}), ...(area ? { area } : {}) };
}

export function useStatistics(by: Dimension, narrowing: Narrowing) {
  return useQuery({
    queryKey: ['statistics', by, narrowing],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/statistics', { params: { query: { by, ...given(narrowing) } }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function useHotSpots(narrowing: Narrowing) {
  return useQuery({
    queryKey: ['statistics', 'hot_spots', narrowing],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/statistics/hot_spots', { params: { query: given(narrowing) }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function useAgreement(from: string, until: string) {
  return useQuery({
    queryKey: ['agreement', from, until],
    queryFn: ({ signal }) => body(api.GET('/api/v1/agreement', { params: { query: { from, until } }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function useReport(month: string) {
  return useQuery({
    queryKey: ['reports', month],
    queryFn: ({ signal }) => body(api.GET('/api/v1/reports/{month}', { params: { path: { month } }, signal })),
  });
}

/** The address of an export; the browser fetches it with its own cookie. */
export function exportAddress(
  what: 'statistics' | 'incidents',
  format: 'csv' | 'xlsx',
  query: Record<string, string | undefined>,
): string {
  const parameters = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(query)) if (value) parameters.set(name, value);
  return `/api/v1/${what}/export?${parameters.toString()}`;
}
