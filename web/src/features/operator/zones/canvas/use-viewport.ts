// How much of the picture is seen and how large: fractions of the picture become pixels of the surface here alone.
import type Konva from 'konva';
import { useState } from 'react';
import { clampCorner, type Corner, type Outline } from '../polygon';

export const ZOOM_MAX = 8;

export interface Viewport {
  /** The whole picture, unmagnified. */
  size: Sides;
  zoom: number;
  offset: { x: number; y: number };
  moveTo: (x: number, y: number) => void;
  magnify: (zoom: number, around?: { x: number; y: number }) => void;
  toPixels: (corner: Corner) => [number, number];
  flat: (outline: Outline) => number[];
  /** Where the pointer is, as fractions of the picture. */
  pointer: (stage: Konva.Stage | null) => Corner | null;
}

interface Sides {
  width: number;
  height: number;
}

/** A picture in the room that it has to fit in, both in pixels. */
export function useViewport(picture: Sides, room: Sides): Viewport {
  const [zoom, setZoom] = useState(1);
  const [offset, setOffset] = useState({ x: 0, y: 0 });
  const fit = Math.min(room.width / picture.width, room.height / picture.height);
  const size = { width: Math.max(1, picture.width * fit), height: Math.max(1, picture.height * fit) };
  const toPixels = ([x, y]: Corner): [number, number] => [x * size.width, y * size.height];
  const place = (x: number, y: number, zoom: number) =>
    setOffset({ x: within(x, size.width * (1 - zoom), 0), y: within(y, size.height * (1 - zoom), 0) });
  return {
    size,
    zoom,
    offset,
    moveTo: (x, y) => place(x, y, zoom),
    magnify: (next, around = { x: size.width / 2, y: size.height / 2 }) => {
      const to = within(next, 1, ZOOM_MAX);
      const kept = (at: number, from: number) => at - ((at - from) / zoom) * to;
      place(kept(around.x, offset.x), kept(around.y, offset.y), to);
      setZoom(to);
    },
    toPixels,
    flat: (outline) => outline.flatMap(toPixels),
    pointer: (stage) => {
      const at = stage?.getRelativePointerPosition();
      return at ? clampCorner([at.x / size.width, at.y / size.height]) : null;
    },
  };
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
