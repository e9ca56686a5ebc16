/**
 * What a draft of zones would have changed about the last looks, gathered: the same car in forty looks is one line, not
 * forty. Pure.
 */

import type { Schemas } from '@/api/client';

export type Judged = Schemas['JudgedOut'];
export type Difference = Schemas['DifferenceOut'];

export interface Gathered {
  key: string;
  matter: string;
  matterName: string;
  /** Of the latest of them. */
  bbox: readonly [number, number, number, number];
  times: number;
  from: string;
  until: string;
  before: Judged;
  after: Judged;
  /** What was unlawful before and is lawful now, or the other way around. */
  turn: 'now' | 'no_longer' | 'other_zone';
}

const ALIKE_MIN = 0.4;

/** Lines, those that come into force first, each by how often it was seen. */
export function gather(differences: readonly Difference[]): Gathered[] {
  const lines: Gathered[] = [];
  for (const difference of [...differences].sort((a, b) => (a.at < b.at ? 1 : -1))) {
    const bbox = boxOf(difference.bbox);
    const line = lines.find(
      (line) =>
        line.matter === difference.matter &&
        sameJudgement(line.before, difference.before) &&
        sameJudgement(line.after, difference.after) &&
        overlap(line.bbox, bbox) >= ALIKE_MIN,
    );
    if (line) {
      line.times += 1;
      line.from = difference.at;
    } else {
      lines.push({
        key: `${lines.length} ${difference.matter}`,
        matter: difference.matter,
        matterName: difference.matter_name,
        bbox,
        times: 1,
        from: difference.at,
        until: difference.at,
        before: difference.before,
        after: difference.after,
        turn: turnOf(difference),
      });
    }
  }
  const order = { now: 0, no_longer: 1, other_zone: 2 };
  return lines.sort((a, b) => order[a.turn] - order[b.turn] || b.times - a.times);
}

function turnOf({ before, after }: Difference): Gathered['turn'] {
  if (before.counts === after.counts) return 'other_zone';
  return after.counts ? 'now' : 'no_longer';
}

function sameJudgement(a: Judged, b: Judged): boolean {
  return a.counts === b.counts && a.why === b.why && a.zone === b.zone;
}

function boxOf([x0 = 0, y0 = 0, x1 = 0, y1 = 0]: readonly number[]): [number, number, number, number] {
  return [x0, y0, x1, y1];
}

function overlap(a: Gathered['bbox'], b: Gathered['bbox']): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = ([x0, y0, x1, y1]: Gathered['bbox']) => (x1 - x0) * (y1 - y0);
  return (width * height) / (area(a) + area(b) - width * height);
}
