// The city's civil time, wherever the browser stands. Pure.

/** Milliseconds that the city's clock is ahead of UTC, from `+08:00`. */
export function offsetMs(utcOffset: string): number {
  const parts = /^([+-])(\d{2}):(\d{2})$/.exec(utcOffset);
  if (!parts) return 0;
  const minutes = Number(parts[2]) * 60 + Number(parts[3]);
  return (parts[1] === '-' ? -minutes : minutes) * 60_000;
}

/** `2026-11-26T12:30`, the civil time of a moment: what a `datetime-local` field holds. */
export function toCivil(at: string, utcOffset: string): string {
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? '' : new Date(ms + offsetMs(utcOffset)).toISOString().slice(0, 16);
}

/** The moment of a civil time; null where there is none. */
export function fromCivil(civil: string, utcOffset: string): string | null {
  const ms = Date.parse(`${civil}Z`);
  return Number.isNaN(ms) ? null : new Date(ms - offsetMs(utcOffset)).toISOString();
}

/** `2026-11-26 09:30`, with seconds where they matter. What is no instant is shown as it came. */
export function cityTime(at: string, utcOffset: string, seconds = false): string {
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return at;
  return new Date(ms + offsetMs(utcOffset))
    .toISOString()
    .slice(0, seconds ? 19 : 16)
    .replace('T', ' ');
}
