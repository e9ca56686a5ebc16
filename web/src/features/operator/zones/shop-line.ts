/**
 * A shop line (店铺门线): a line drawn along the shop fronts, a side and a depth, from which the outline of a strict zone
 * is made. The zone is what is kept; the line is a drawing aid. Pure.
 *
 * Depth is a share of the picture's height, one at each end of the line, because a pavement that runs away from the
 * camera grows narrow.
 */

import { clampCorner, type Corner, type Outline } from './polygon';

export interface ShopLine {
  /** At least two corners, along the fronts. */
  readonly line: Outline;
  /** On which side of the line the pavement lies, seen along the line. */
  readonly side: 'left' | 'right';
  readonly depthAtStart: number;
  readonly depthAtEnd: number;
}

/** A mitre grows without bound at a hairpin; this many depths are enough for any shop front. */
const MITRE_MAX = 3;

/**
 * The outline: the line, and back along it at the depth.
 *
 * `aspect` is the picture's width over its height, so that the depth is the same in both directions.
 */
export function shopLineOutline({ line, side, depthAtStart, depthAtEnd }: ShopLine, aspect: number): Outline {
  const points = line.map(([x, y]) => [x * aspect, y] as const);
  const lengths = points.slice(1).map((to, i) => distance(points[i] ?? to, to));
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  // The y of a picture grows downwards, so the right hand of somebody who walks along the line is at (-dy, dx).
  const sign = side === 'right' ? 1 : -1;
  let walked = 0;
  const far = points.map((point, i) => {
    if (i > 0) walked += lengths[i - 1] ?? 0;
    const depth = depthAtStart + (depthAtEnd - depthAtStart) * (whole === 0 ? 0 : walked / whole);
    const [nx, ny] = mitre(points[i - 1], point, points[i + 1]);
    return clampCorner([(point[0] + sign * nx * depth) / aspect, point[1] + sign * ny * depth]);
  });
  return [...line.map(clampCorner), ...far.reverse()];
}

/** The normal at a corner, as long as it must be for both edges to keep their distance. */
function mitre(before: Corner | undefined, at: Corner, after: Corner | undefined): Corner {
  const into = before && normal(before, at);
  const out = after && normal(at, after);
  if (!into || !out) return into ?? out ?? [0, 1];
  const middle: Corner = [into[0] + out[0], into[1] + out[1]];
  const length = Math.hypot(...middle);
  if (length < 1e-9) return into;
  const unit: Corner = [middle[0] / length, middle[1] / length];
  const stretch = Math.min(1 / Math.max(unit[0] * into[0] + unit[1] * into[1], 1e-9), MITRE_MAX);
  return [unit[0] * stretch, unit[1] * stretch];
}

/** Unit normal to the right; `undefined` where the two lie on each other. */
function normal([ax, ay]: Corner, [bx, by]: Corner): Corner | undefined {
  const length = Math.hypot(bx - ax, by - ay);
  return length === 0 ? undefined : [-(by - ay) / length, (bx - ax) / length];
}

function distance([ax, ay]: Corner, [bx, by]: Corner): number {
  return Math.hypot(bx - ax, by - ay);
}
