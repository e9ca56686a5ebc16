import { Group, Line } from 'react-konva';
import type { Draft } from '../drafts';
import { labelSpot, moveOutline, outlineFault, type Outline } from '../polygon';
import { STROKES, type Stroke } from '../strokes';
import { Caption } from './caption';
import type { Viewport } from './use-viewport';

interface Props {
  draft: Draft;
  isSelected: boolean;
  /** Whether it can be chosen and moved. */
  isLive: boolean;
  viewport: Viewport;
  onSelect: () => void;
  onOutline: (outline: Outline, continues: boolean) => void;
}

/** One zone with its name. */
export function OutlineShape({ draft, isSelected, isLive, viewport, onSelect, onOutline }: Props) {
  const { zoom, size } = viewport;
  const thin = 2 / zoom;
  const stroke: Stroke = STROKES[draft.kind];
  const broken = outlineFault(draft.outline) !== null;
  const points = viewport.flat(draft.outline);
  const [x, y] = viewport.toPixels(labelSpot(draft.outline));
  return (
    <Group listening={isLive}>
      <Line points={points} closed stroke="#000a" strokeWidth={thin * (isSelected ? 2.4 : 2)} />
      <Line
        points={points}
        closed
        stroke={broken ? '#ff5c5c' : stroke.colour}
        strokeWidth={thin * (isSelected ? 1.4 : 1)}
        dash={stroke.dash.map((part) => part / zoom)}
        fill={stroke.colour + (isSelected ? '3d' : '24')}
        draggable={isSelected && isLive}
        onMouseDown={onSelect}
        onTap={onSelect}
        onDragMove={(event) => {
          const by = event.target.position();
          event.target.position({ x: 0, y: 0 });
          onOutline(moveOutline(draft.outline, by.x / size.width, by.y / size.height), true);
        }}
        onDragStart={() => onOutline(draft.outline, false)}
      />
      {draft.name !== '' && (
        <Caption
          text={draft.name}
          x={x}
          y={y > 20 / zoom ? y - 20 / zoom : y + 2 / zoom}
          fontPx={12}
          colour="#fff"
          viewport={viewport}
        />
      )}
    </Group>
  );
}
