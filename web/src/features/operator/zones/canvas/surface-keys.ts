// What the keys do on the surface: everything that the mouse can do.
import type { KeyboardEvent } from 'react';
import type { Draft } from '../drafts';
import {
  clampCorner,
  edgeMiddle,
  insertCorner,
  moveCorner,
  moveOutline,
  removeCorner,
  type Corner,
  type Outline,
} from '../polygon';

const STEP = 0.002;
const STEP_WIDE = 0.02;

/** Words for whoever cannot see the surface, by the key of their text. */
type Tell = (key: string, values: Record<string, string | number>) => void;

function arrowOf(event: KeyboardEvent): readonly [number, number] | undefined {
  const step = event.shiftKey ? STEP_WIDE : STEP;
  const arrows: Record<string, readonly [number, number]> = {
    ArrowLeft: [-step, 0],
    ArrowRight: [step, 0],
    ArrowUp: [0, -step],
    ArrowDown: [0, step],
  };
  return arrows[event.key];
}

interface Putting {
  started: Outline;
  cursor: Corner;
  onCursor: (cursor: Corner) => void;
  onPut: (corner: Corner) => void;
  onStarted: (corners: Outline) => void;
  onFinish: () => void;
  onCancel: () => void;
  tell: Tell;
}

/** While corners are put down. Whether the key was one of them. */
export function puttingKey(event: KeyboardEvent, putting: Putting): boolean {
  const by = arrowOf(event);
  if (by) {
    const next = clampCorner([putting.cursor[0] + by[0], putting.cursor[1] + by[1]]);
    putting.onCursor(next);
    putting.tell('draw.cursor_at', { x: next[0].toFixed(3), y: next[1].toFixed(3) });
  } else if (event.key === ' ') {
    putting.onPut(putting.cursor);
    putting.tell('draw.corner_put', { corners: putting.started.length + 1 });
  } else if (event.key === 'Backspace' || event.key === 'Delete') {
    putting.onStarted(putting.started.slice(0, -1));
  } else if (event.key === 'Enter') {
    putting.onFinish();
  } else if (event.key === 'Escape') {
    putting.onCancel();
  } else {
    return false;
  }
  return true;
}

interface Changing {
  drafts: readonly Draft[];
  selected: string | null;
  draft: Draft | undefined;
  /** The corner of the draft that keys move. */
  current: number;
  onCorner: (corner: number) => void;
  onSelect: (key: string | null) => void;
  onOutline: (key: string, outline: Outline, continues: boolean) => void;
  tell: Tell;
}

/** While zones are changed. Whether the key was one of them. */
export function changingKey(event: KeyboardEvent, changing: Changing): boolean {
  const { drafts, selected, draft, current, onCorner, onSelect, onOutline, tell } = changing;
  if (event.key === 'n' || event.key === 'N') {
    const at = drafts.findIndex(({ key }) => key === selected);
    const next = drafts[(at + (event.shiftKey ? drafts.length - 1 : 1)) % Math.max(drafts.length, 1)];
    if (next) {
      onSelect(next.key);
      onCorner(0);
      tell('draw.zone_chosen', { name: next.name, corners: next.outline.length });
    }
    return true;
  }
  if (!draft) return false;
  const { key, outline } = draft;
  const tellCorner = (outline: Outline, index: number) => {
    const [x, y] = outline[index] ?? [0, 0];
    tell('draw.corner_at', { corner: index + 1, corners: outline.length, x: x.toFixed(3), y: y.toFixed(3) });
  };
  const by = arrowOf(event);
  if (by) {
    const [x, y] = outline[current] ?? [0, 0];
    const moved = event.altKey ? moveOutline(outline, ...by) : moveCorner(outline, current, [x + by[0], y + by[1]]);
    onOutline(key, moved, event.repeat);
    tellCorner(moved, current);
  } else if (event.key === ',' || event.key === '.') {
    const next = (current + (event.key === '.' ? 1 : outline.length - 1)) % outline.length;
    onCorner(next);
    tellCorner(outline, next);
  } else if (event.key === 'Insert' || event.key === '+') {
    const more = insertCorner(outline, current, edgeMiddle(outline, current));
    onOutline(key, more, false);
    onCorner(current + 1);
    tellCorner(more, current + 1);
  } else if (event.key === 'Delete' && outline.length > 3) {
    const less = removeCorner(outline, current);
    onOutline(key, less, false);
    const next = Math.min(current, less.length - 1);
    onCorner(next);
    tellCorner(less, next);
  } else if (event.key === 'Escape') {
    onSelect(null);
  } else {
    return false;
  }
  return true;
}
