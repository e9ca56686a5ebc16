/** Of a close-up, the thing takes so much. */
const THING_SHARE = 0.4;
/** Closer, a small picture is only squares. */
const CLOSER_MAX = 3;

/** Where a cut picture is held (`object-position`), so that the thing in its box stays in sight. */
export function towards(bbox: readonly number[]): string {
  const [x0 = 0, y0 = 0, x1 = 1, y1 = 1] = bbox;
  return `${percent((x0 + x1) / 2)} ${percent((y0 + y1) / 2)}`;
}

/** Shows the thing in its box close up, as near to the middle of its frame as the picture's rim lets it be. */
export function closeUp(bbox: readonly number[]): {
  objectPosition: string;
  transform: string;
  transformOrigin: string;
} {
  const [x0 = 0, y0 = 0, x1 = 1, y1 = 1] = bbox;
  const scale = Math.min(Math.max(THING_SHARE / Math.max(x1 - x0, y1 - y0, 0.01), 1), CLOSER_MAX);
  // The point that stays where it is: the one from which the middle of the box is moved to the middle of the frame.
  const still = (middle: number) => percent(scale === 1 ? 0.5 : (scale * middle - 0.5) / (scale - 1));
  return {
    objectPosition: towards(bbox),
    transform: `scale(${scale.toFixed(2)})`,
    transformOrigin: `${still((x0 + x1) / 2)} ${still((y0 + y1) / 2)}`,
  };
}

function percent(fraction: number): string {
  return `${Math.round(Math.min(Math.max(fraction, 0), 1) * 100)}%`;
}
