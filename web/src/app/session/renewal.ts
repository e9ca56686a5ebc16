// Between a call that found no session and the dialogue that makes a new one. However many calls wait, one dialogue asks.
import { useSyncExternalStore } from 'react';

let waiting: { promise: Promise<boolean>; settle: (renewed: boolean) => void } | null = null;
const watchers = new Set<() => void>();

/** Opens the dialogue, or joins those who wait for it. */
export function askForPassword(): Promise<boolean> {
  if (!waiting) {
    let settle: (renewed: boolean) => void = () => {};
    const promise = new Promise<boolean>((resolve) => (settle = resolve));
    waiting = { promise, settle };
    for (const watcher of watchers) watcher();
  }
  return waiting.promise;
}

/** Lets those who wait go on. */
export function settleRenewal(renewed: boolean) {
  const before = waiting;
  waiting = null;
  before?.settle(renewed);
  for (const watcher of watchers) watcher();
}

/** Whether a call waits for the password. */
export function useRenewalAsked(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => waiting !== null,
  );
}
