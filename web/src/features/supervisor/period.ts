// Days of the city as instants. A day begins at the city's midnight, wherever the browser stands. Pure.
import { offsetMs } from '@/components/city-time';

/** The city's day of an instant, `2026-11-26`. */
export function dayOf(instant: number | string, utcOffset: string): string {
  const ms = typeof instant === 'string' ? Date.parse(instant) : instant;
  return new Date(ms + offsetMs(utcOffset)).toISOString().slice(0, 10);
}

/** The instant at which a day of the city begins. */
export function beginOf(day: string, utcOffset: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - offsetMs(utcOffset)).toISOString();
}

export function plusDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

export function isDay(text: string | null): text is string {
  return text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`));
}

/** `2026-11` plus or minus months. */
export function plusMonths(month: string, months: number): string {
  const [year = 1970, of = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, of - 1 + months, 1)).toISOString().slice(0, 7);
}

export function isMonth(text: string | undefined): text is string {
  return text !== undefined && /^\d{4}-(0[1-9]|1[0-2])$/.test(text);
}

/** The periods that people ask for, last day included. */
export function presets(
  today: string,
): { key: 'days_7' | 'days_30' | 'month' | 'last_month'; from: string; to: string }[] {
  const month = today.slice(0, 7);
  return [
    { key: 'days_7', from: plusDays(today, -6), to: today },
    { key: 'days_30', from: plusDays(today, -29), to: today },
    { key: 'month', from: `${month}-01`, to: today },
    { key: 'last_month', from: `${plusMonths(month, -1)}-01`, to: plusDays(`${month}-01`, -1) },
  ];
}
