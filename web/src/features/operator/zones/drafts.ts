/**
 * Zones while they are drawn: drafts beside what the server holds, with undo and redo. Nothing here talks to the
 * server; a draft becomes a zone when it is saved. Pure.
 */
import { isEmpty, readHours, showHours, type Hours, type HoursText } from '../hours/hours';
import { outlineFault, type Outline, type OutlineFault } from './polygon';

export type ZoneKind = 'strict' | 'controlled' | 'permitted' | 'exempt';
export const KINDS: readonly ZoneKind[] = ['strict', 'controlled', 'permitted', 'exempt'];

/** A zone as the server tells it. */
export interface Zone {
  id: string;
  view: string;
  version: number;
  name: string;
  kind: ZoneKind;
  matters: string[];
  polygon: number[][];
  hours?: HoursText | null;
  valid_from?: string | null;
  valid_until?: string | null;
}

export interface Draft {
  /** Ours, for as long as the page is open. */
  readonly key: string;
  /** The zone that it changes; null for a new one. */
  readonly id: string | null;
  readonly version: number | null;
  readonly name: string;
  readonly kind: ZoneKind;
  readonly matters: readonly string[];
  readonly outline: Outline;
  readonly hours: Hours | null;
  readonly validFrom: string | null;
  readonly validUntil: string | null;
}

export type DraftFault =
  | { readonly field: 'name'; readonly kind: 'empty' | 'long' | 'unprintable' }
  | { readonly field: 'matters'; readonly kind: 'none' }
  | { readonly field: 'hours'; readonly kind: 'none' }
  | { readonly field: 'validity'; readonly kind: 'order' }
  | { readonly field: 'outline'; readonly kind: OutlineFault['kind']; readonly fault: OutlineFault };

export const NAME_CHARS_MAX = 200;

/** Whether hours mean anything for the kind: strict and exempt hold at any time. */
export function takesHours(kind: ZoneKind): boolean {
  return kind === 'controlled' || kind === 'permitted';
}

/** A mask (遮罩) is an exempt zone about every matter: nothing in it is ever judged. */
export function isMask({ kind, matters }: Pick<Draft, 'kind' | 'matters'>, all: readonly string[]): boolean {
  return kind === 'exempt' && all.length > 0 && all.every((key) => matters.includes(key));
}

export function draftOf(zone: Zone): Draft {
  return {
    key: zone.id,
    id: zone.id,
    version: zone.version,
    name: zone.name,
    kind: zone.kind,
    matters: zone.matters,
    outline: zone.polygon.map(([x, y]) => [tidy(x ?? 0), tidy(y ?? 0)] as const),
    hours: zone.hours ? readHours(zone.hours) : null,
    validFrom: zone.valid_from ?? null,
    validUntil: zone.valid_until ?? null,
  };
}

/** What is sent. */
export function zoneIn(draft: Draft, view: string) {
  return {
    view,
    name: draft.name.trim(),
    kind: draft.kind,
    matters: [...draft.matters],
    polygon: draft.outline.map(([x, y]) => [x, y]),
    hours: draft.hours && takesHours(draft.kind) ? showHours(draft.hours) : null,
    valid_from: draft.validFrom,
    valid_until: draft.validUntil,
  };
}

export function draftFaults(draft: Draft): DraftFault[] {
  const faults: DraftFault[] = [];
  const name = nameFault(draft.name);
  if (name) faults.push({ field: 'name', kind: name });
  if (draft.matters.length === 0) faults.push({ field: 'matters', kind: 'none' });
  const outline = outlineFault(draft.outline);
  if (outline) faults.push({ field: 'outline', kind: outline.kind, fault: outline });
  const hasNoHours = draft.hours === null ? draft.kind === 'permitted' : isEmpty(draft.hours);
  if (takesHours(draft.kind) && hasNoHours) faults.push({ field: 'hours', kind: 'none' });
  if (draft.validFrom && draft.validUntil && Date.parse(draft.validUntil) <= Date.parse(draft.validFrom)) {
    faults.push({ field: 'validity', kind: 'order' });
  }
  return faults;
}

/** What is wrong with a name for people, by the server's rule; null where it is fine. */
export function nameFault(text: string, charsMax = NAME_CHARS_MAX): 'empty' | 'long' | 'unprintable' | null {
  const name = text.trim();
  if (name === '') return 'empty';
  if ([...name].length > charsMax) return 'long';
  // Control characters, and those that turn the direction of writing around: they let a name pose as another.
  return /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(name) ? 'unprintable' : null;
}

/** Whether saving the draft would make a new version. */
export function isChanged(draft: Draft, zones: readonly Zone[]): boolean {
  const zone = zones.find(({ id }) => id === draft.id);
  if (!zone) return true;
  return JSON.stringify(zoneIn(draft, '')) !== JSON.stringify(zoneIn(draftOf(zone), ''));
}

// --- drawing ------------------------------------------------------------------------------------------------

export interface Drawing {
  readonly drafts: readonly Draft[];
  readonly selected: string | null;
  readonly past: readonly (readonly Draft[])[];
  readonly future: readonly (readonly Draft[])[];
}

export type DrawingAction =
  | { readonly type: 'load'; readonly zones: readonly Zone[] }
  | { readonly type: 'select'; readonly key: string | null }
  | { readonly type: 'add'; readonly draft: Draft }
  /** `continues`: part of one movement (a drag), so that it is undone as one. */
  | { readonly type: 'change'; readonly key: string; readonly patch: Partial<Draft>; readonly continues?: boolean }
  | { readonly type: 'remove'; readonly key: string }
  | { readonly type: 'saved'; readonly key: string; readonly zone: Zone }
  | { readonly type: 'undo' }
  | { readonly type: 'redo' };

export const NOTHING_DRAWN: Drawing = { drafts: [], selected: null, past: [], future: [] };
/** Steps that can be undone. */
const PAST_MAX = 100;

export function draw(drawing: Drawing, action: DrawingAction): Drawing {
  const { drafts, past, future } = drawing;
  const after = (next: readonly Draft[], selected: string | null, remembers = true): Drawing => ({
    drafts: next,
    selected: next.some(({ key }) => key === selected) ? selected : null,
    past: remembers ? [...past, drafts].slice(-PAST_MAX) : past,
    future: [],
  });
  switch (action.type) {
    case 'load': {
      const loaded = action.zones.map(draftOf);
      const kept = loaded.some(({ key }) => key === drawing.selected) ? drawing.selected : null;
      return { drafts: loaded, selected: kept, past: [], future: [] };
    }
    case 'select':
      return { ...drawing, selected: action.key };
    case 'add':
      return after([...drafts, action.draft], action.draft.key);
    case 'change': {
      const changed = drafts.map((draft) => (draft.key === action.key ? { ...draft, ...action.patch } : draft));
      return after(changed, drawing.selected, action.continues !== true);
    }
    case 'remove':
      return after(
        drafts.filter(({ key }) => key !== action.key),
        drawing.selected,
      );
    case 'saved': {
      // Saved is saved: a step back would show a draft that changes a zone which it does not know.
      const next = drafts.map((draft) =>
        draft.key === action.key ? { ...draftOf(action.zone), key: draft.key } : draft,
      );
      return { ...drawing, drafts: next, past: [], future: [] };
    }
    case 'undo': {
      const before = past.at(-1);
      if (!before) return drawing;
      return { ...after(before, drawing.selected, false), past: past.slice(0, -1), future: [drafts, ...future] };
    }
    case 'redo': {
      const [next, ...rest] = future;
      if (!next) return drawing;
      return { ...after(next, drawing.selected), future: rest };
    }
  }
}

/** The server keeps single precision; what a person reads and compares has four places. */
function tidy(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
