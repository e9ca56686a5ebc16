// Moments and spans for people: in the city's time, whatever this machine's zone is.
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/app/session/session';
import { cityTime } from './city-time';

/** Stands where there is no moment and no span. */
const NONE = '–';
const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

/** The city's civil time of a moment as `YYYY-MM-DD HH:MM:SS`; a dash for what is no moment. */
export function civil(moment: string | number | null | undefined, offset: string): string {
  const ms = typeof moment === 'number' ? moment : Date.parse(moment ?? '');
  return Number.isNaN(ms) ? NONE : cityTime(new Date(ms).toISOString(), offset, true);
}

/** The two largest units of a span; never more, because nobody reads a third. */
export function spanParts(seconds: number): { unit: 'days' | 'hours' | 'minutes' | 'seconds'; values: number[] } {
  const s = Math.max(0, Math.round(seconds));
  if (s < MINUTE_S) return { unit: 'seconds', values: [s] };
  if (s < HOUR_S) return { unit: 'minutes', values: [Math.floor(s / MINUTE_S), s % MINUTE_S] };
  if (s < DAY_S) return { unit: 'hours', values: [Math.floor(s / HOUR_S), Math.floor((s % HOUR_S) / MINUTE_S)] };
  return { unit: 'days', values: [Math.floor(s / DAY_S), Math.floor((s % DAY_S) / HOUR_S)] };
}

/** `MM:SS`, or `H:MM:SS` from an hour on: for what counts down beside the eye. */
export function countdown(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1_000));
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(s / HOUR_S);
  return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor((s % HOUR_S) / 60))}:${two(s % 60)}`;
}

export interface Times {
  /** Date and time, to the second. */
  moment: (at: string | number) => string;
  /** Date and time, to the minute; a dash where there is no moment. */
  minute: (at: string | null | undefined) => string;
  /** Without the year, and without the date where it is the day of `now`. */
  short: (at: string | number | null | undefined, now?: number) => string;
  /** Date alone. */
  day: (at: string | number) => string;
  /** A span in at most two units; a dash where there is none. */
  span: (seconds: number | null | undefined) => string;
  /** The largest unit of a span alone. */
  rough: (seconds: number) => string;
  offset: string;
}

/** Moments and spans in the session's city and language. */
export function useTimes(): Times {
  const { t } = useTranslation();
  const { utc_offset: offset } = useSession();
  return useMemo(() => timesAt(offset, t), [offset, t]);
}

function timesAt(offset: string, t: TFunction): Times {
  const rough = (seconds: number) => {
    const { unit, values } = spanParts(seconds);
    return t(`rough.${unit}`, { a: values[0] ?? 0 });
  };
  return {
    offset,
    moment: (at) => civil(at, offset),
    minute: (at) => civil(at, offset).slice(0, 16),
    short: (at, now) => {
      const full = civil(at, offset);
      const isToday = now !== undefined && full.slice(0, 10) === civil(now, offset).slice(0, 10);
      return full === NONE ? full : full.slice(isToday ? 11 : 5);
    },
    day: (at) => civil(at, offset).slice(0, 10),
    span: (seconds) => {
      if (seconds == null) return NONE;
      const { unit, values } = spanParts(seconds);
      return values[1] ? t(`span.${unit}`, { a: values[0] ?? 0, b: values[1] }) : rough(seconds);
    },
    rough,
  };
}
