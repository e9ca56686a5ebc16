// The server's clock counts: limits and countdowns are shown by it, however wrong this machine's clock is.
import { useEffect, useState, useSyncExternalStore } from 'react';

/** From here on the difference is named to the person. */
export const SKEW_MS_NAMED = 5_000;

let skewMs = 0;
const watchers = new Set<() => void>();

/** Takes the server's time from an answer: asked at `askedMs`, answered at `answeredMs` by this machine's clock. */
export function learnServerTime(serverTime: string, askedMs: number, answeredMs: number) {
  const server = Date.parse(serverTime);
  if (Number.isNaN(server)) return;
  const next = server - (askedMs + answeredMs) / 2;
  // Half of the way there and back is the error; less than that is no news.
  if (Math.abs(next - skewMs) <= (answeredMs - askedMs) / 2) return;
  skewMs = next;
  for (const watcher of watchers) watcher();
}

/** Now, by the server's clock, in milliseconds since 1970. */
export function serverNow(): number {
  return Date.now() + skewMs;
}

/** By how much the server's clock is ahead of this machine's. */
export function useSkewMs(): number {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => skewMs,
  );
}

/** Now by the server's clock, drawn anew every `everyMs`. */
export function useServerNow(everyMs = 1_000): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
