// Moments and spans for people: in the city's time, whatever this machine's zone is.
import { useTranslation } from 'react-i18next';
import { useSession } from '@/app/session/session';
import { cityTime } from './city-time';

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

/** The city's civil time of a moment as `YYYY-MM-DD HH:MM:SS`; a dash for what is no moment. */
export function civil(moment: string | number, offset: string): string {
  const ms = typeof moment === 'number' ? moment : Date.parse(moment);
  return Number.isNaN(ms) ? '–' : cityTime(new Date(ms).toISOString(), offset, true);
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

/** Moments and spans in the session's city and language. */
export function useTimes() {
  const { t } = useTranslation();
  const { utc_offset: offset } = useSession();
  return {
    /** Date and time. */
    moment: (at: string | number) => civil(at, offset),
    /** Time, with the date left out where it is the day of `now`. */
    short: (at: string | number, now: number) => {
      const full = civil(at, offset);
      return full.slice(0, 10) === civil(now, offset).slice(0, 10) ? full.slice(11) : full.slice(5);
    },
    /** Date alone. */
    day: (at: string | number) => civil(at, offset).slice(0, 10),
    /** A span in at most two units. */
    span: (seconds: number) => {
      const { unit, values } = spanParts(seconds);
      return t(`span.${unit}`, { a: values[0] ?? 0, b: values[1] ?? 0 });
    },
    /** The largest unit of a span alone. */
    rough: (seconds: number) => {
      const { unit, values } = spanParts(seconds);
      return t(`rough.${unit}`, { a: values[0] ?? 0 });
    },
  };
}
