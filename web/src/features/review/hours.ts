// Which spans of a zone's week held on the day of a sighting, in words.
import type { Schemas } from '@/api/client';

type Hours = Schemas['HoursJson'];

/** Monday is 0, as in the zone's week. */
export function weekday(civilDay: string): number {
  const day = new Date(`${civilDay}T00:00:00Z`).getUTCDay();
  return (day + 6) % 7;
}

/** The spans of that day as `07:00–22:00`; null: no hours, always. */
export function spansOn(hours: Hours | null, civilDay: string): string[] | null {
  if (!hours) return null;
  return (hours.weekly[weekday(civilDay)] ?? []).map((span) => `${span.from}–${span.to}`);
}
