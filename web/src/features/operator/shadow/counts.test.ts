import { describe, expect, it } from 'vitest';
import { judged, modelNames, trialsOf } from './counts';
import type { Comparison, Shadow, Spot } from './data';

const old = { name: 'street', sha256: 'ab'.repeat(32) };
const young = { name: 'street_v2', sha256: 'cd'.repeat(32) };

const comparison = (view: string, more: Partial<Comparison> = {}): Comparison => ({
  view,
  matter: 'stall',
  own: old,
  shadow: young,
  since: '2026-11-01T00:00:00Z',
  looks: 10,
  both: 3,
  only_own: 2,
  only_shadow: 1,
  judged: { own_right: 1, shadow_right: 0, unclear: 0, waiting: 2 },
  ...more,
});

const spot = (right: 'own' | 'shadow' | null | undefined): Spot => ({
  id: 's',
  view: 'a',
  matter: 'stall',
  own: old,
  shadow: young,
  seen_by: 'own',
  class: 'rubbish',
  zone: 'z',
  bbox: [0, 0, 1, 1],
  score: 0.5,
  other: null,
  first: '2026-11-01T00:00:00Z',
  latest: '2026-11-01T00:00:00Z',
  looks: 1,
  judgement:
    right === undefined
      ? null
      : { truth: right ? 'something' : 'unclear', right, by: 'li', by_name: '李', at: '2026-11-02T00:00:00Z' },
});

const shadow = (one: Spot): Shadow => ({ comparisons: [comparison('a'), comparison('b')], disagreements: [one] });

describe('a judgement', () => {
  it('is counted where its spot is, and nowhere else', () => {
    const said = judged(shadow(spot(undefined)), spot('shadow'));
    expect(said.comparisons[0]?.judged).toEqual({ own_right: 1, shadow_right: 1, unclear: 0, waiting: 1 });
    expect(said.comparisons[1]?.judged).toEqual(comparison('b').judged);
    expect(said.disagreements[0]?.judgement?.right).toBe('shadow');
  });

  it('is counted once when it is changed, taken back or said again', () => {
    const changed = judged(judged(shadow(spot(undefined)), spot('shadow')), spot(null));
    expect(changed.comparisons[0]?.judged).toEqual({ own_right: 1, shadow_right: 0, unclear: 1, waiting: 1 });
    const back = judged(changed, spot(undefined));
    expect(back.comparisons[0]?.judged).toEqual(comparison('a').judged);
    expect(judged(back, spot(undefined)).comparisons[0]?.judged).toEqual(comparison('a').judged);
  });

  it('of a spot that is not listed changes nothing', () => {
    const all = shadow(spot(undefined));
    expect(judged(all, { ...spot('own'), id: 'other' })).toBe(all);
  });
});

it('sums up the views of two models and a matter', () => {
  const trials = trialsOf([comparison('a'), comparison('b'), comparison('a', { matter: 'garbage' })]);
  expect(trials.map(({ matter, comparisons }) => [matter, comparisons.length])).toEqual([
    ['stall', 2],
    ['garbage', 1],
  ]);
  expect(trials[0]?.sum).toEqual({
    looks: 20,
    both: 6,
    only_own: 4,
    only_shadow: 2,
    judged: { own_right: 2, shadow_right: 0, unclear: 0, waiting: 4 },
  });
});

it('names models by the digits of their hash only where two share a name', () => {
  const apart = modelNames(shadow(spot(undefined)));
  expect([apart(old), apart(young)]).toEqual(['street', 'street_v2']);
  const again = { name: 'street', sha256: 'ef'.repeat(32) };
  const alike = modelNames({ comparisons: [comparison('a', { shadow: again })], disagreements: [] });
  expect([alike(old), alike(again)]).toEqual(['street abababab', 'street efefefef']);
});
