// Follows /api/v1/changes: one connection for the whole page, however many parts listen.
import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';

/** One row of the feed. */
export interface Change {
  seq: number;
  at: string;
  topic: string;
  subject: string;
}

/** `live`: changes arrive. `broken`: the connection is being made anew; what is shown may be old. */
export type Liveness = 'live' | 'connecting' | 'broken';

type Listener = (change: Change | 'reload') => void;

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;

const listeners = new Set<Listener>();
const watchers = new Set<() => void>();
let liveness: Liveness = 'connecting';
let source: EventSource | null = null;
let retry: ReturnType<typeof setTimeout> | undefined;
let retryMs = RETRY_MS_MIN;

function tell(change: Change | 'reload') {
  for (const listener of listeners) listener(change);
}

function set(next: Liveness) {
  liveness = next;
  for (const watcher of watchers) watcher();
}

function connect() {
  const wasBroken = liveness === 'broken';
  source = new EventSource('/api/v1/changes');
  source.addEventListener('open', () => {
    retryMs = RETRY_MS_MIN;
    // What happened in between is not replayed to a new connection: everybody reads anew.
    if (wasBroken) tell('reload');
    set('live');
  });
  source.addEventListener('change', (message: MessageEvent<string>) => tell(JSON.parse(message.data) as Change));
  source.addEventListener('reload', () => tell('reload'));
  source.addEventListener('error', () => {
    source?.close();
    source = null;
    set('broken');
    clearTimeout(retry);
    // Half of the wait is by chance, so that a crowd of pages does not come back at once.
    retry = setTimeout(connect, retryMs / 2 + (Math.random() * retryMs) / 2);
    retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
  });
}

function listen(listener: Listener) {
  listeners.add(listener);
  if (listeners.size === 1) connect();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearTimeout(retry);
    source?.close();
    source = null;
    liveness = 'connecting';
  };
}

/** Calls `act` for each change of one of the topics (`incident.` stands for all that begin so), and for a reload. */
export function useChanges(topics: readonly string[], act: (change: Change | 'reload') => void) {
  const onChange = useEffectEvent((change: Change | 'reload') => {
    const wanted =
      change === 'reload' ||
      topics.some((topic) => (topic.endsWith('.') ? change.topic.startsWith(topic) : change.topic === topic));
    if (wanted) act(change);
  });
  useEffect(() => listen((change) => onChange(change)), []);
}

/** Whether changes arrive. */
export function useLiveness(): Liveness {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => liveness,
  );
}
