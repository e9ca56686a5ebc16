/** Where a cut picture is held (`object-position`), so that the thing in its box stays in sight. */
export function towards(bbox: readonly number[]): string {
  const [x0 = 0, y0 = 0, x1 = 1, y1 = 1] = bbox;
  const percent = (fraction: number) => `${Math.round(Math.min(Math.max(fraction, 0), 1) * 100)}%`;
  return `${percent((x0 + x1) / 2)} ${percent((y0 + y1) / 2)}`;
}
