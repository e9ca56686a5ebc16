// The server takes no more calls of this session for some seconds. Whatever waits goes on by itself; the page says so.
import { useEffect, useState, useSyncExternalStore } from 'react';
import { isProblem } from './problem';

/** Where the server names no time. */
const WAIT_S = 5;

/** Until when, and when that was learnt, by this machine's clock. */
let wait = { untilMs: 0, learntMs: 0 };
const watchers = new Set<() => void>();

/** Whether the call was one too many; nothing is wrong with it, and it may be sent again after a while. */
export function isLimited(error: unknown): boolean {
  return isProblem(error, 429) && error.type.endsWith(':limited');
}

/** How long to wait before it is sent again. */
export function limitedMs(error: unknown): number {
  return (isProblem(error, 429) ? (error.retryAfterS ?? WAIT_S) : 0) * 1_000;
}

/** Learns from an answer that calls must wait. */
export function learnLimit(error: unknown) {
  if (!isLimited(error)) return;
  const learntMs = Date.now();
  wait = { untilMs: Math.max(wait.untilMs, learntMs + limitedMs(error)), learntMs };
  for (const watcher of watchers) watcher();
}

/** Seconds until calls go on, counted down; 0 when nothing has to wait. */
export function useLimitedS(): number {
  const { untilMs, learntMs } = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => wait,
  );
  const [tick, setTick] = useState(0);
  const now = Math.max(tick, learntMs);
  const waits = untilMs > now;
  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(() => setTick(Date.now()), 500);
    return () => clearInterval(timer);
  }, [waits]);
  return waits ? Math.ceil((untilMs - now) / 1_000) : 0;
}
