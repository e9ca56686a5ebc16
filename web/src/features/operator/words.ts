// How things of this feature are called and coloured. A state is told by its word first and by colour besides.
import type { ViewCoverage } from './data';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet';

/** All states that a view can be in, in the order of the filter; keys of the texts under `state`. */
export const STATES = [
  'moved', 'dark', 'blurred', 'obstructed', 'frozen', 'lost', 'unreferenced', 'blind', 'overdue', 'unseen', 'refused', 'covered', 'idle', 'disabled',
] as const; // prettier-ignore
export type State = (typeof STATES)[number];

/** The state of a view in one word: a blind view says by what it is blind. */
export function stateOf({ coverage, state }: Pick<ViewCoverage, 'coverage' | 'state'>): State {
  if (coverage !== 'blind') return coverage;
  // Covered by a hand or a leaf is not the coverage that is meant elsewhere.
  if (state === 'covered') return 'obstructed';
  return state && state !== 'same' ? state : 'blind';
}

export function toneOf({ coverage }: Pick<ViewCoverage, 'coverage'>): Tone {
  switch (coverage) {
    case 'covered':
      return 'good';
    case 'unseen':
      return 'warn';
    case 'idle':
    case 'disabled':
      return 'quiet';
    case 'blind':
    case 'overdue':
    case 'refused':
      return 'bad';
  }
}

/** The view that needs a person most stands for its stream. */
const URGENCY: Record<Tone, number> = { bad: 0, warn: 1, good: 2, quiet: 3 };

export function worst(views: readonly ViewCoverage[]): ViewCoverage | undefined {
  return [...views].sort((a, b) => URGENCY[toneOf(a)] - URGENCY[toneOf(b)])[0];
}

/** Whether a row holds what somebody seeks: every word of the search, in any of the texts, whatever the case. */
export function holds(texts: readonly (string | null | undefined)[], search: string): boolean {
  const text = texts.filter(Boolean).join('\n').toLocaleLowerCase();
  return search
    .toLocaleLowerCase()
    .split(/\s+/u)
    .every((word) => text.includes(word));
}
