import { VisuallyHidden } from '@mantine/core';
import { useSyncExternalStore } from 'react';

let said = { text: '', turn: 0 };
const watchers = new Set<() => void>();

/** Tells those who cannot see it what just happened. */
export function announce(text: string) {
  said = { text, turn: said.turn + 1 };
  for (const watcher of watchers) watcher();
}

/** The one place from which it is read out. */
export function Announcer() {
  const { text, turn } = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => said,
  );
  // A space more or less makes the same words news again.
  return (
    <VisuallyHidden aria-live="polite" role="status">
      {text + (turn % 2 ? ' ' : '')}
    </VisuallyHidden>
  );
}
