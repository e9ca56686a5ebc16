// Whether somebody sits before the page. A lock is renewed for people alone: who went away must not keep work from others.

/** Without a key or the pointer for so long, nobody is there. */
const AWAY_MS = 3 * 60_000;

let lastMs = Date.now();

for (const sign of ['keydown', 'pointerdown', 'pointermove', 'wheel']) {
  window.addEventListener(sign, () => (lastMs = Date.now()), { capture: true, passive: true });
}

export function isSomebodyHere(nowMs = Date.now()): boolean {
  return nowMs - lastMs < AWAY_MS;
}
