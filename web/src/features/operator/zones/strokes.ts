// How each kind of zone is drawn: by colour and by the dashes of its line, so that colour is never alone.
import type { ZoneKind } from './drafts';

export interface Stroke {
  colour: string;
  dash: number[];
}

export const STROKES: Record<ZoneKind, Stroke> = {
  strict: { colour: '#ff6b6b', dash: [] },
  controlled: { colour: '#ffc078', dash: [12, 5] },
  permitted: { colour: '#8ce99a', dash: [3, 5] },
  exempt: { colour: '#ced4da', dash: [12, 4, 3, 4] },
};
