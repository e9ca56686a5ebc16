import { Circle, Group, Line } from 'react-konva';
import { boxOutline, type Corner, type Outline } from '../polygon';
import type { Mode } from '../zone-canvas';
import type { Viewport } from './use-viewport';

interface Props {
  mode: Mode;
  started: Outline;
  cursor: Corner;
  viewport: Viewport;
}

/** The corners that were put down so far, and the cross where the next one goes. */
export function Putting({ mode, started, cursor, viewport }: Props) {
  const { zoom, flat, toPixels } = viewport;
  const thin = 2 / zoom;
  const [x, y] = toPixels(cursor);
  const arm = 9 / zoom;
  const [first] = started;
  const points = flat(mode === 'box' ? (first ? boxOutline(first, started[1] ?? cursor) : []) : [...started, cursor]);
  const closed = mode === 'box';
  return (
    <Group listening={false}>
      <Line points={points} closed={closed} stroke="#000a" strokeWidth={thin * 2} />
      <Line points={points} closed={closed} stroke="#ffd43b" strokeWidth={thin} dash={[6 / zoom, 4 / zoom]} />
      {started.map((at, i) => {
        const [x, y] = toPixels(at);
        return (
          <Circle key={i} x={x} y={y} radius={4.4 / zoom} fill="#ffd43b" stroke="#10151b" strokeWidth={thin / 2} />
        );
      })}
      <Line points={[x - arm, y, x + arm, y]} stroke="#ffd43b" strokeWidth={thin} />
      <Line points={[x, y - arm, x, y + arm]} stroke="#ffd43b" strokeWidth={thin} />
    </Group>
  );
}
