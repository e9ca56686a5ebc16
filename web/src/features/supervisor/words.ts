import { useCallback } from 'react';
import { useMatterName } from '@/components/matters';
import { useTimes } from '@/components/time';
import type { Dimension, StatisticsRow } from './wire';

/** A span of milliseconds in the chosen language. */
export function useSpan(): (ms: number | null | undefined) => string {
  const { span } = useTimes();
  return useCallback((ms) => span(ms == null ? ms : ms / 1_000), [span]);
}

/** Rows whose names are in the chosen language: those of matters have two. */
export function useNamed(): (by: Dimension, rows: StatisticsRow[]) => StatisticsRow[] {
  const matterName = useMatterName();
  return useCallback(
    (by, rows) => (by === 'matter' ? rows.map((row) => ({ ...row, name: matterName(row.name) })) : rows),
    [matterName],
  );
}
