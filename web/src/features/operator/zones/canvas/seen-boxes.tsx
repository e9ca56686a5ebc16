import { Group, Rect } from 'react-konva';
import type { Box } from '../zone-canvas';
import { Caption } from './caption';
import type { Viewport } from './use-viewport';

const COLOURS: Record<Box['tone'], string> = {
  now: '#ff6b6b',
  no_longer: '#69db7c',
  seen: '#ced4da',
  sign: '#ffc078',
  permitted: '#69db7c',
};

/** Boxes that are no zones, with their words. */
export function SeenBoxes({ boxes, viewport }: { boxes: readonly Box[]; viewport: Viewport }) {
  const { size, zoom } = viewport;
  return boxes.map(({ key, bbox: [x0, y0, x1, y1], tone, label }) => (
    <Group key={key} listening={false}>
      <Rect
        x={x0 * size.width}
        y={y0 * size.height}
        width={(x1 - x0) * size.width}
        height={(y1 - y0) * size.height}
        stroke={COLOURS[tone]}
        strokeWidth={2 / zoom}
        dash={tone === 'no_longer' ? [5 / zoom, 4 / zoom] : []}
      />
      {label && (
        <Caption
          text={label}
          x={x0 * size.width}
          y={y0 * size.height - 17 / zoom}
          fontPx={11}
          colour={COLOURS[tone]}
          viewport={viewport}
        />
      )}
    </Group>
  ));
}
