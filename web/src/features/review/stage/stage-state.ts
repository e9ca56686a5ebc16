import { useState } from 'react';
import type { IncidentDetailOut, PictureOut, PictureRole } from '../types';

/** What the stage shows. */
export type Shown = PictureRole | 'compare' | 'clip';

const ORDER: readonly PictureRole[] = ['first', 'middle', 'latest'];

/** What there is to show, in the order of the strip. */
export function showable(detail: IncidentDetailOut): Shown[] {
  const roles: Shown[] = ORDER.filter((role) => pictureOf(detail, role));
  if (detail.reference && pictureOf(detail, 'latest')) roles.push('compare');
  if (detail.clip) roles.push('clip');
  return roles;
}

export function pictureOf(detail: IncidentDetailOut, role: PictureRole): PictureOut | undefined {
  return detail.pictures.find((picture) => picture.role === role && (picture.masked ?? picture.original) != null);
}

/** Width by height; the shape of most cameras where a picture could not be measured. */
export function aspectOf({ width, height }: PictureOut): number {
  return width > 0 && height > 0 ? width / height : 16 / 9;
}

/** The address of a picture: the masked one unless the person asked for the original and may have it. */
export function addressOf(picture: PictureOut, isUnmasked: boolean): string | null {
  return (isUnmasked ? picture.original : null) ?? picture.masked ?? null;
}

export interface StageState {
  shown: Shown;
  show: (shown: Shown) => void;
  /** The next picture, round and round. */
  next: (step: 1 | -1) => void;
  withBoxes: boolean;
  toggleBoxes: () => void;
  isUnmasked: boolean;
  unmask: () => void;
  /** Whether the first picture of this incident has been seen; no verdict counts before. */
  isSeen: boolean;
  seen: () => void;
}

/** One incident's stage. A new incident begins with its latest picture, masked; whether boxes are drawn stays. */
export function useStage(detail: IncidentDetailOut | undefined): StageState {
  const id = detail?.incident.id;
  const [withBoxes, setBoxes] = useState(true);
  const [own, setOwn] = useState({ id, shown: 'latest' as Shown, isUnmasked: false, isSeen: false });
  if (own.id !== id) setOwn({ id, shown: 'latest', isUnmasked: false, isSeen: false });
  const all = detail ? showable(detail) : [];
  const shown = all.includes(own.shown)
    ? own.shown
    : (all.findLast((one) => one !== 'clip' && one !== 'compare') ?? all[0] ?? 'latest');
  const change = (changes: Partial<typeof own>) => setOwn((before) => ({ ...before, ...changes }));
  return {
    shown,
    show: (wanted) => change({ shown: wanted }),
    next: (step) => {
      const pictures: Shown[] = all.filter((one) => one !== 'compare' && one !== 'clip');
      const at = pictures.indexOf(shown);
      const to = pictures[at < 0 ? pictures.length - 1 : (at + step + pictures.length) % pictures.length];
      if (to) change({ shown: to });
    },
    withBoxes,
    toggleBoxes: () => setBoxes((before) => !before),
    isUnmasked: own.isUnmasked,
    unmask: () => change({ isUnmasked: true }),
    isSeen: own.isSeen || all.length === 0,
    // Called each time when it is drawn; the same state again draws nothing anew.
    seen: () => setOwn((before) => (before.isSeen ? before : { ...before, isSeen: true })),
  };
}
