// What the server refuses and what it wants instead, in the person's language, made from the server's codes. Its own words
// stand where a newer server says something that this page does not know.
import { use, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Fault, Said } from '@/api/problem';
import { SessionContext } from '@/app/session/session';
import { cityTime } from './city-time';

/** Parameters that are moments, that name a thing, and that count from 0 where people count from 1. */
const MOMENTS = ['at', 'until'];
const NAMED = 'what';
const COUNTED = ['point', 'edge', 'other'];
/** Of whatever came from outside, so much is told. */
const CHARS_MAX = 300;

export interface RefusalWords {
  /** Why; null where only the server's own words are known. */
  refusal: (said: Said | null) => string | null;
  /** What is wanted instead. */
  want: (fault: Fault) => string;
  /** The field that it is about. */
  field: (fault: Fault) => string;
}

export function useRefusalWords(): RefusalWords {
  const { t, i18n } = useTranslation();
  const offset = use(SessionContext)?.utc_offset ?? '+00:00';
  return useMemo(() => {
    const told = (code: string, [name, value]: [string, unknown]): string | number => {
      if (MOMENTS.includes(name)) return cityTime(String(value), offset, true);
      if (COUNTED.includes(name)) return Number(value) + 1;
      if (name === NAMED) return t(`refusals:${code === 'unavailable' ? 'port' : 'thing'}.${String(value)}`);
      // A name that poses as a parameter stays a name.
      return typeof value === 'number' ? value : String(value).slice(0, CHARS_MAX).replaceAll('{{', '{ {');
    };
    const words = (part: 'refusal' | 'want', { code, params = {} }: Said): string | null => {
      const key = `refusals:${part}.${code}`;
      if (!i18n.exists(key)) return null;
      return t(key, Object.fromEntries(Object.entries(params).map((one) => [one[0], told(code, one)])));
    };
    return {
      refusal: (said) => said && words('refusal', said),
      want: (fault) => words('want', fault) ?? fault.want.slice(0, CHARS_MAX),
      field: ({ field }) => {
        const last = field.replace(/(\[\d+\])+$/, '').replace(/^.*\./, '');
        const key = `refusals:field.${last}`;
        return i18n.exists(key) ? t(key) : field.slice(0, CHARS_MAX);
      },
    };
  }, [t, i18n, offset]);
}
