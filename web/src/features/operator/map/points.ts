/**
 * Registered coordinates as points of one map. Points of GCJ-02 and BD-09 lie hundreds of metres from where the same
 * numbers lie in CGCS2000 and WGS 84, so they are converted for the drawing; what is stored stays as it was registered.
 * Between CGCS2000 and WGS 84 lie centimetres, which no map of a city shows. Pure.
 */
import { polygonHull } from 'd3-polygon';
import gcoord from 'gcoord';

export type Crs = 'cgcs2000' | 'wgs84' | 'gcj02' | 'bd09';

export interface Spot {
  readonly longitude: number;
  readonly latitude: number;
  readonly crs: Crs;
  readonly grid_cell?: string | null;
}

/** Longitude and latitude of the drawing, in degrees of WGS 84. */
export type Degrees = [number, number];

export function drawn({ longitude, latitude, crs }: Spot): Degrees {
  switch (crs) {
    case 'cgcs2000':
    case 'wgs84':
      return [longitude, latitude];
    case 'gcj02':
      return gcoord.transform([longitude, latitude], gcoord.GCJ02, gcoord.WGS84);
    case 'bd09':
      return gcoord.transform([longitude, latitude], gcoord.BD09, gcoord.WGS84);
  }
}

/** Whether a spot can be drawn at all: it lies on the earth, and not at the zero that means "unknown" in catalogues. */
export function isDrawable({ longitude, latitude }: Spot): boolean {
  return Math.abs(longitude) <= 180 && Math.abs(latitude) <= 85 && !(longitude === 0 && latitude === 0);
}

export interface Cell {
  readonly code: string;
  readonly points: readonly Degrees[];
  /** Hull of its points; the points themselves where there are fewer than three or all lie on a line. */
  readonly hull: readonly Degrees[];
  readonly middle: Degrees;
}

/** The grid cells (单元网格) that the points name, each with the hull of its points. Cells have no outline of their own here. */
export function cells(spots: readonly Spot[]): Cell[] {
  const byCode = new Map<string, Degrees[]>();
  for (const spot of spots) {
    if (!spot.grid_cell || !isDrawable(spot)) continue;
    const points = byCode.get(spot.grid_cell) ?? [];
    points.push(drawn(spot));
    byCode.set(spot.grid_cell, points);
  }
  return [...byCode.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, points]) => ({ code, points, hull: polygonHull(points) ?? points, middle: middle(points) }));
}

/** How many points each system has, so that a map of several can say so. */
export function systems(spots: readonly Spot[]): { crs: Crs; points: number }[] {
  const counts = new Map<Crs, number>();
  for (const { crs } of spots) counts.set(crs, (counts.get(crs) ?? 0) + 1);
  return [...counts.entries()].map(([crs, points]) => ({ crs, points })).sort((a, b) => b.points - a.points);
}

function middle(points: readonly Degrees[]): Degrees {
  const sum = points.reduce(([x, y], [px, py]) => [x + px, y + py], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}
