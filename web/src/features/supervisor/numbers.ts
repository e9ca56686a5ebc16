// Numbers as a person reads them. Pure.
import type { Share, StatisticsRow } from './wire';

/** `0.873` as `87.3 %`; null as a dash. */
export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? '–' : `${(share * 100).toFixed(digits)}%`;
}

/** `87.3% (84.1–90.0%)`. */
export function interval(share: Share | null | undefined): string {
  return !share ? '–' : `${percent(share.value)} (${(share.low * 100).toFixed(1)}–${percent(share.high)})`;
}

/** Share of the limits that were kept among those that are over; null while none is. */
export function limitShare(row: Pick<StatisticsRow, 'limit_kept' | 'limit_missed'>): number | null {
  const over = row.limit_kept + row.limit_missed;
  return over === 0 ? null : row.limit_kept / over;
}

/** The change against the month before: `+12.0%`; a dash where there is nothing to compare with. */
export function change(now: number, before: number | null | undefined): string {
  if (before === null || before === undefined || before === 0) return '–';
  const share = (now - before) / before;
  return `${share > 0 ? '+' : share < 0 ? '−' : ''}${Math.abs(share * 100).toFixed(1)}%`;
}

/** The step of a scale of `steps` colours; 0 is kept for nothing at all. */
export function heatStep(count: number, most: number, steps: number): number {
  if (count <= 0 || most <= 0) return 0;
  return Math.min(steps, Math.max(1, Math.ceil((count / most) * steps)));
}

/** Landis and Koch's words for kappa, as a key. */
export function kappaWord(kappa: number): 'poor' | 'slight' | 'fair' | 'moderate' | 'substantial' | 'perfect' {
  if (kappa < 0) return 'poor';
  if (kappa <= 0.2) return 'slight';
  if (kappa <= 0.4) return 'fair';
  if (kappa <= 0.6) return 'moderate';
  return kappa <= 0.8 ? 'substantial' : 'perfect';
}
