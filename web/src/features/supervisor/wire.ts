// What the supervisor's routes take and answer.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ask } from '@/api/pending';

export const DIMENSIONS = ['matter', 'street', 'grid_cell', 'stream', 'area', 'day', 'hour'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** A share with its interval at 95 %. */
export interface Share {
  value: number;
  low: number;
  high: number;
}

export interface StatisticsRow {
  key: string;
  name: string;
  found: number;
  waiting: number;
  confirmed: number;
  rejected: number;
  rejected_by: Record<string, number>;
  duplicate: number;
  precision: Share | null;
  review_ms_p50: number | null;
  review_ms_p90: number | null;
  limit_kept: number;
  limit_missed: number;
  limit_running: number;
  recurrences: number;
}

export interface StatisticsOut {
  by: Dimension;
  from: string;
  until: string;
  rows: StatisticsRow[];
  total: StatisticsRow;
}

export interface HotPlace {
  grid_cell: string | null;
  stream_name: string;
  view: string;
  longitude: number | null;
  latitude: number | null;
  found: number;
  recurrences: number;
}

export interface HotSpotsOut {
  /** Seven days, Monday first, of 24 hours of the city's time. */
  hours: number[][];
  places: HotPlace[];
}

export interface ReviewerPair {
  first: string;
  second: string;
  reviewed: number;
  agreed: number;
}

export interface Disagreement {
  incident: string;
  first_by: string;
  first: string;
  second_by: string;
  second: string;
  at: string;
}

export interface AgreementOut {
  reviewed: number;
  agreed: number;
  kappa: number | null;
  pairs: ReviewerPair[];
  disagreements: Disagreement[];
}

export interface ReportOut {
  month: string;
  city: string;
  made_at: string;
  total: StatisticsRow;
  by_matter: StatisticsRow[];
  by_street: StatisticsRow[];
  by_stream_top: StatisticsRow[];
  agreement: { reviewed: number; agreed: number; kappa: number | null };
  coverage: { views: number; covered_share: number | null };
  previous: StatisticsRow | null;
  hours: number[][];
}

/** What narrows a statistic. Times are instants. */
export interface Narrowing {
  from: string;
  until: string;
  matter?: string | undefined;
  area?: string | undefined;
}

export function useStatistics(by: Dimension, narrowing: Narrowing) {
  return useQuery({
    queryKey: ['statistics', by, narrowing],
    queryFn: ({ signal }) => ask<StatisticsOut>('GET', '/statistics', { query: { by, ...narrowing }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function useHotSpots(narrowing: Narrowing) {
  return useQuery({
    queryKey: ['statistics', 'hot_spots', narrowing],
    queryFn: ({ signal }) => ask<HotSpotsOut>('GET', '/statistics/hot_spots', { query: { ...narrowing }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function useAgreement(from: string, until: string) {
  return useQuery({
    queryKey: ['agreement', from, until],
    queryFn: ({ signal }) => ask<AgreementOut>('GET', '/agreement', { query: { from, until }, signal }),
    placeholderData: keepPreviousData,
  });
}

export function useReport(month: string) {
  return useQuery({
    queryKey: ['reports', month],
    queryFn: ({ signal }) => ask<ReportOut>('GET', `/reports/${month}`, { signal }),
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
