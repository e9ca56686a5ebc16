/**
 * Outlines on a reference picture: corners as fractions of its width and height, in order, either way around.
 * The rules are those of the server (`domain/geometry.rs`), told while somebody still draws. Pure.
 */

export type Corner = readonly [number, number];
export type Outline = readonly Corner[];

export const CORNERS_MIN = 3;
export const CORNERS_MAX = 200;
/** Below this share of the picture an outline has no area. */
const AREA_MIN = 1e-6;

/** The four corners of the box between two opposite ones. */
export function boxOutline([ax, ay]: Corner, [bx, by]: Corner): Outline {
  return [
    [ax, ay],
    [bx, ay],
    [bx, by],
    [ax, by],
  ];
}

/** What is wrong with an outline; corners are counted from 1, as people count them. */
export type OutlineFault =
  | { readonly kind: 'too_few'; readonly corners: number }
  | { readonly kind: 'too_many'; readonly corners: number }
  | { readonly kind: 'outside'; readonly corner: number }
  | { readonly kind: 'crosses'; readonly edge: number; readonly other: number }
  | { readonly kind: 'flat' };

/** The first fault of an outline; `null` where it can be a zone. */
export function outlineFault(outline: Outline): OutlineFault | null {
  const n = outline.length;
  if (n < CORNERS_MIN) return { kind: 'too_few', corners: n };
  if (n > CORNERS_MAX) return { kind: 'too_many', corners: n };
  const outside = outline.findIndex(([x, y]) => !inUnit(x) || !inUnit(y));
  if (outside >= 0) return { kind: 'outside', corner: outside + 1 };
  // A corner that was put twice at once makes an edge without length, which meets nothing.
  const edges = outline
    .map((corner, i) => ({ number: i + 1, ends: [corner, outline[(i + 1) % n] ?? corner] as const }))
    .filter(({ ends: [[ax, ay], [bx, by]] }) => ax !== bx || ay !== by);
  for (const [at, edge] of edges.entries()) {
    for (const [beyond, other] of edges.entries()) {
      const neighbours = beyond < at + 2 || (at === 0 && beyond === edges.length - 1);
      if (!neighbours && segmentsMeet(edge.ends, other.ends)) {
        return { kind: 'crosses', edge: edge.number, other: other.number };
      }
    }
  }
  return Math.abs(shoelace(outline)) < AREA_MIN ? { kind: 'flat' } : null;
}

/** Where a new corner belongs: after the corner whose edge lies nearest to the point. */
export function nearestEdge(outline: Outline, [x, y]: Corner): number {
  let nearest = 0;
  let least = Infinity;
  for (const [i, from] of outline.entries()) {
    const distance = distanceToSegment([x, y], from, outline[(i + 1) % outline.length] ?? from);
    if (distance < least) [nearest, least] = [i, distance];
  }
  return nearest;
}

export function moveCorner(outline: Outline, index: number, to: Corner): Outline {
  return outline.map((corner, i) => (i === index ? clampCorner(to) : corner));
}

export function insertCorner(outline: Outline, after: number, at: Corner): Outline {
  return [...outline.slice(0, after + 1), clampCorner(at), ...outline.slice(after + 1)];
}

export function removeCorner(outline: Outline, index: number): Outline {
  return outline.filter((_, i) => i !== index);
}

/** The middle of the edge after a corner: where a corner is put by keyboard. */
export function edgeMiddle(outline: Outline, index: number): Corner {
  const from = outline[index] ?? [0.5, 0.5];
  const to = outline[(index + 1) % outline.length] ?? from;
  return [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
}

/** Moves the whole outline, no further than the picture's rim. */
export function moveOutline(outline: Outline, dx: number, dy: number): Outline {
  const xs = outline.map(([x]) => x);
  const ys = outline.map(([, y]) => y);
  const right = clamp(dx, -Math.min(...xs), 1 - Math.max(...xs));
  const down = clamp(dy, -Math.min(...ys), 1 - Math.max(...ys));
  return outline.map(([x, y]) => clampCorner([x + right, y + down]));
}

export function clampCorner([x, y]: Corner): Corner {
  return [round(clamp(x, 0, 1)), round(clamp(y, 0, 1))];
}

/** The upper left of the outline's bounding box, for its label. */
export function labelSpot(outline: Outline): Corner {
  return [Math.min(...outline.map(([x]) => x)), Math.min(...outline.map(([, y]) => y))];
}

/** Numbers as people type them: `0.1,0.2 0.3,0.4 ...`; `null` where that is not what stands there. */
export function readCorners(text: string): Outline | null {
  const parts = text
    .trim()
    .split(/[\s;；]+/u)
    .filter((part) => part !== '');
  const corners: Corner[] = [];
  for (const part of parts) {
    const [x, y, ...more] = part.split(/[,，]/u).map((number) => (number === '' ? Number.NaN : Number(number)));
    if (x === undefined || y === undefined || more.length > 0 || !Number.isFinite(x) || !Number.isFinite(y))
      return null;
    corners.push([x, y]);
  }
  return corners;
}

export function showCorners(outline: Outline): string {
  return outline.map(([x, y]) => `${round(x)},${round(y)}`).join(' ');
}

function inUnit(value: number): boolean {
  return value >= 0 && value <= 1;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** A ten-thousandth of a picture is less than a pixel. */
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

function shoelace(outline: Outline): number {
  return outline.reduce((sum, [ax, ay], i) => {
    const [bx, by] = outline[(i + 1) % outline.length] ?? [ax, ay];
    return sum + (ax * by - bx * ay) / 2;
  }, 0);
}

type Segment = readonly [Corner, Corner];

function turn([ax, ay]: Corner, [bx, by]: Corner, [cx, cy]: Corner): number {
  return Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
}

/** Whether two edges cross or touch: an outline that comes back to itself would count what it encloses twice. */
function segmentsMeet([a, b]: Segment, [c, d]: Segment): boolean {
  const touches = (from: Corner, to: Corner, point: Corner) =>
    turn(from, to, point) === 0 &&
    point[0] >= Math.min(from[0], to[0]) &&
    point[0] <= Math.max(from[0], to[0]) &&
    point[1] >= Math.min(from[1], to[1]) &&
    point[1] <= Math.max(from[1], to[1]);
  return (
    (turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0) ||
    touches(a, b, c) ||
    touches(a, b, d) ||
    touches(c, d, a) ||
    touches(c, d, b)
  );
}

function distanceToSegment([x, y]: Corner, [ax, ay]: Corner, [bx, by]: Corner): number {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = length === 0 ? 0 : clamp(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length, 0, 1);
  return Math.hypot(x - (ax + along * (bx - ax)), y - (ay + along * (by - ay)));
}
