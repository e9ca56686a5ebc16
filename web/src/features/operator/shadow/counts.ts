// Counts of what people say of spots, kept true without reading them anew; sums over views; models by their names.
import type { Comparison, Rival, Shadow, Spot } from './data';

type Judgements = Comparison['judged'];

/** Where a spot counts. */
function countOf({ judgement }: Spot): keyof Judgements {
  if (!judgement) return 'waiting';
  if (!judgement.right) return 'unclear';
  return judgement.right === 'own' ? 'own_right' : 'shadow_right';
}

const isSameModel = (a: Rival, b: Rival) => a.name === b.name && a.sha256 === b.sha256;

/** Whether the spot is one of those that the comparison counts. */
export function isOf(comparison: Comparison, spot: Spot): boolean {
  return (
    comparison.view === spot.view &&
    comparison.matter === spot.matter &&
    isSameModel(comparison.own, spot.own) &&
    isSameModel(comparison.shadow, spot.shadow)
  );
}

/** All that is known, with the spot as it stands now: in its place, and counted once. */
export function judged(shadow: Shadow, spot: Spot): Shadow {
  const before = shadow.disagreements.find(({ id }) => id === spot.id);
  if (!before) return shadow;
  const [from, to] = [countOf(before), countOf(spot)];
  const recounted = (counts: Judgements): Judgements => {
    const without = { ...counts, [from]: counts[from] - 1 };
    return { ...without, [to]: without[to] + 1 };
  };
  return {
    comparisons: shadow.comparisons.map((comparison) =>
      isOf(comparison, spot) ? { ...comparison, judged: recounted(comparison.judged) } : comparison,
    ),
    disagreements: shadow.disagreements.map((one) => (one.id === spot.id ? spot : one)),
  };
}

/** Comparisons of the same two models on the same matter, of many views together. */
export interface Trial {
  key: string;
  matter: string;
  own: Rival;
  shadow: Rival;
  comparisons: Comparison[];
  sum: Counts;
}

export type Counts = Pick<Comparison, 'looks' | 'both' | 'only_own' | 'only_shadow' | 'judged'>;

function plus(a: Counts, b: Counts): Counts {
  return {
    looks: a.looks + b.looks,
    both: a.both + b.both,
    only_own: a.only_own + b.only_own,
    only_shadow: a.only_shadow + b.only_shadow,
    judged: {
      own_right: a.judged.own_right + b.judged.own_right,
      shadow_right: a.judged.shadow_right + b.judged.shadow_right,
      unclear: a.judged.unclear + b.judged.unclear,
      waiting: a.judged.waiting + b.judged.waiting,
    },
  };
}

const NOTHING: Counts = {
  looks: 0,
  both: 0,
  only_own: 0,
  only_shadow: 0,
  judged: { own_right: 0, shadow_right: 0, unclear: 0, waiting: 0 },
};

/** By matter and models, in the order in which they come. */
export function trialsOf(comparisons: readonly Comparison[]): Trial[] {
  const trials = new Map<string, Trial>();
  for (const comparison of comparisons) {
    const { matter, own, shadow } = comparison;
    const key = [matter, own.name, own.sha256, shadow.name, shadow.sha256].join(' ');
    const trial = trials.get(key) ?? { key, matter, own, shadow, comparisons: [], sum: NOTHING };
    trial.comparisons.push(comparison);
    trial.sum = plus(trial.sum, comparison);
    trials.set(key, trial);
  }
  return [...trials.values()];
}

/** Digits of a hash that tell two models apart for people. */
const DIGITS = 8;

/** How a model is called: by its name, and by the first digits of its hash where another one of that name is compared. */
export function modelNames({ comparisons, disagreements }: Shadow): (model: Rival) => string {
  const hashes = new Map<string, Set<string>>();
  for (const { own, shadow } of [...comparisons, ...disagreements]) {
    for (const { name, sha256 } of [own, shadow]) {
      hashes.set(name, (hashes.get(name) ?? new Set()).add(sha256));
    }
  }
  return ({ name, sha256 }) => ((hashes.get(name)?.size ?? 0) > 1 ? `${name} ${sha256.slice(0, DIGITS)}` : name);
}
