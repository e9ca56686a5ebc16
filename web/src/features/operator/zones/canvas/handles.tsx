import { Circle } from 'react-konva';
import type { Draft } from '../drafts';
import { clampCorner, edgeMiddle, insertCorner, moveCorner, removeCorner, type Outline } from '../polygon';
import type { Viewport } from './use-viewport';

const MIDDLE_HANDLES_MAX = 40;

interface Props {
  draft: Draft;
  /** The corner that keys move. */
  current: number;
  onCorner: (corner: number) => void;
  onOutline: (outline: Outline, continues: boolean) => void;
  viewport: Viewport;
}

/** What a zone's corners are moved by, and its edges broken. */
export function Handles({ draft: { outline }, current, onCorner, onOutline, viewport }: Props) {
  const { zoom, size, toPixels } = viewport;
  const radius = 5.5 / zoom;
  const thin = 2 / zoom;
  return (
    <>
      {outline.length <= MIDDLE_HANDLES_MAX &&
        outline.map((_, i) => {
          const [x, y] = toPixels(edgeMiddle(outline, i));
          return (
            <Circle
              key={`middle ${i}`}
              x={x}
              y={y}
              radius={radius * 0.7}
              fill="#fff8"
              stroke="#000a"
              strokeWidth={thin / 2}
              onMouseDown={(event) => {
                event.cancelBubble = true;
                onOutline(insertCorner(outline, i, edgeMiddle(outline, i)), false);
                onCorner(i + 1);
              }}
            />
          );
        })}
      {outline.map((at, i) => {
        const [x, y] = toPixels(at);
        return (
          <Circle
            key={`corner ${i}`}
            x={x}
            y={y}
            radius={i === current ? radius * 1.35 : radius}
            hitStrokeWidth={10 / zoom}
            fill={i === current ? '#ffd43b' : '#fff'}
            stroke="#10151b"
            strokeWidth={thin * 0.8}
            draggable
            onMouseDown={() => onCorner(i)}
            onDragStart={() => onOutline(outline, false)}
            onDragMove={(event) => {
              event.cancelBubble = true;
              const to = clampCorner([event.target.x() / size.width, event.target.y() / size.height]);
              const [px, py] = toPixels(to);
              event.target.position({ x: px, y: py });
              onOutline(moveCorner(outline, i, to), true);
            }}
            onDblClick={(event) => {
              event.cancelBubble = true;
              if (outline.length > 3) onOutline(removeCorner(outline, i), false);
            }}
          />
        );
      })}
    </>
  );
}
