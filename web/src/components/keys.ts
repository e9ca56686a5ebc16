// Single keys that act on the page. They never act while somebody types, inside of dialogues and menus, with a modifier
// held, or by a key that is held down; and they can be switched off (WCAG 2.1.4).
import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';

/** What a key does. Returning false says that it did nothing, so that the browser may have the key. */
export type KeyMap = Record<string, (() => void | boolean) | undefined>;

const STORED = 'xunjie.single_keys';
const watchers = new Set<() => void>();
let on = localStorage.getItem(STORED) !== 'off';

export function setSingleKeys(wanted: boolean) {
  on = wanted;
  localStorage.setItem(STORED, wanted ? 'on' : 'off');
  for (const watcher of watchers) watcher();
}

/** Whether single keys act. */
export function useSingleKeys(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => on,
  );
}

const TYPING = 'input, textarea, select, [contenteditable="true"], [role="textbox"], [role="combobox"]';
const OVERLAY = '[role="dialog"], [role="alertdialog"], [role="menu"]';
const PRESSED_BY_SPACE = 'button, a, summary, [role="button"], video';
const MOVED_BY_ARROWS = '[role="slider"], [role="radiogroup"], [role="grid"], [role="listbox"], video';

/** The name of the key in a `KeyMap`, or null where the key belongs to somebody else. */
export function keyOf(press: KeyboardEvent, within: Element | null): string | null {
  if (press.repeat || press.isComposing || press.defaultPrevented) return null;
  if (press.ctrlKey || press.metaKey || press.altKey) return null;
  const target = press.target instanceof Element ? press.target : null;
  if (target?.closest(TYPING)) return null;
  if (within === null && (target?.closest(OVERLAY) || document.querySelector('[role="dialog"][aria-modal="true"]')))
    return null;
  if (press.key === ' ' && target?.closest(PRESSED_BY_SPACE)) return null;
  if (press.key === 'Enter' && target?.closest(PRESSED_BY_SPACE)) return null;
  if (press.key.startsWith('Arrow') && target?.closest(MOVED_BY_ARROWS)) return null;
  return press.key.length === 1 ? press.key.toLowerCase() : press.key;
}

/** Lets keys act while the part is drawn. `overlay`: the part is a dialogue itself. */
export function useKeys(keys: KeyMap, { enabled = true, overlay = false } = {}) {
  const act = useEffectEvent((press: KeyboardEvent) => {
    const key = keyOf(press, overlay ? document.body : null);
    if (key === null) return;
    // Without single keys only those act that no speech input types by accident.
    if (!on && !overlay && key.length === 1) return;
    if (keys[key] && keys[key]() !== false) press.preventDefault();
  });
  useEffect(() => {
    if (!enabled) return;
    const listener = (press: KeyboardEvent) => act(press);
    window.addEventListener('keydown', listener);
    return () => window.removeEventListener('keydown', listener);
  }, [enabled]);
}
