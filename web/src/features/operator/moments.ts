// Moments and spans of time in the city's civil time, whatever clock and zone this machine has.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/app/session/session';
import { offsetMs } from '@/components/city-time';

/** `2026-11-26T12:30`, the civil time of a moment: what a `datetime-local` field holds. */
export function toCivil(at: string, offset: string): string {
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? '' : new Date(ms + offsetMs(offset)).toISOString().slice(0, 16);
}

/** The moment of a civil time; null where there is none. */
export function fromCivil(civil: string, offset: string): string | null {
  const ms = Date.parse(`${civil}Z`);
  return Number.isNaN(ms) ? null : new Date(ms - offsetMs(offset)).toISOString();
}

export interface Moments {
  /** `11-26 12:30:05`; a dash where there is no moment. */
  short: (at: string | null | undefined) => string;
  /** With the year. */
  long: (at: string | null | undefined) => string;
  /** Two units at most: `2 小时 5 分`. */
  span: (ms: number) => string;
  offset: string;
}

export function useMoments(): Moments {
  const { t } = useTranslation('operator');
  const offset = useSession().utc_offset;
  return useMemo(() => momentsAt(offset, t), [offset, t]);
}

function momentsAt(offset: string, t: (key: string, options?: Record<string, unknown>) => string): Moments {
  const ahead = offsetMs(offset);
  const civil = (at: string | null | undefined) => {
    const ms = at ? Date.parse(at) : Number.NaN;
    return Number.isNaN(ms) ? null : new Date(ms + ahead).toISOString();
  };
  return {
    offset,
    short: (at) => civil(at)?.slice(5, 19).replace('T', ' ') ?? '—',
    long: (at) => civil(at)?.slice(0, 16).replace('T', ' ') ?? '—',
    span: (ms) => {
      const s = Math.max(0, Math.round(ms / 1000));
      const [days, hours, minutes] = [Math.floor(s / 86_400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
      if (days > 0) return t('span.days', { days, hours });
      if (hours > 0) return t('span.hours', { hours, minutes });
      return minutes > 0 ? t('span.minutes', { minutes, seconds: s % 60 }) : t('span.seconds', { seconds: s });
    },
  };
}
