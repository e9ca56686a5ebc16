import { useEffect, useState } from 'react';
import { isProblem } from '@/api/problem';

/** Where the server names no time. */
const LOCKED_S = 60;

/** Seconds for which the server takes no further try, counted down; 0 when it does. */
export function useLockout(error: unknown): number {
  const [now, setNow] = useState(() => Date.now());
  const until = isProblem(error, 429) ? error.receivedAtMs + (error.retryAfterS ?? LOCKED_S) * 1_000 : 0;
  const isLocked = until > now;
  useEffect(() => {
    if (!isLocked) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [isLocked]);
  return isLocked ? Math.ceil((until - now) / 1_000) : 0;
}
