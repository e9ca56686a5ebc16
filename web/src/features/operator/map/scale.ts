/** The scale of the map: a length in round metres that is easy to see. Pure. */
import { geoDistance, type GeoProjection } from 'd3-geo';

const EARTH_RADIUS_M = 6_371_000;
const BAR_PX_MAX = 140;

export interface Scale {
  metres: number;
  px: number;
}

/** The largest 1, 2 or 5 of a power of ten whose bar fits; null where the middle of the map lies nowhere. */
export function scaleBar(projection: GeoProjection, width: number, height: number, zoom: number): Scale | null {
  const from = projection.invert?.([width / 2, height / 2]);
  const to = projection.invert?.([width / 2 + BAR_PX_MAX / zoom, height / 2]);
  if (!from || !to) return null;
  const most = geoDistance(from, to) * EARTH_RADIUS_M;
  if (!Number.isFinite(most) || most <= 0) return null;
  const power = 10 ** Math.floor(Math.log10(most));
  const metres = ([5, 2, 1].find((round) => round * power <= most) ?? 1) * power;
  return { metres, px: (BAR_PX_MAX * metres) / most };
}
