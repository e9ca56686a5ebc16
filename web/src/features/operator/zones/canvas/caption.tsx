import { Label, Tag, Text } from 'react-konva';
import type { Viewport } from './use-viewport';

const CHARS_MAX = 24;

interface Props {
  text: string;
  x: number;
  y: number;
  fontPx: number;
  colour: string;
  viewport: Viewport;
}

/** Words on the picture, moved to the left where their end would leave it. */
export function Caption({ text, x, y, fontPx, colour, viewport: { size, zoom } }: Props) {
  const chars = [...text];
  const shown = chars.length > CHARS_MAX ? `${chars.slice(0, CHARS_MAX).join('')}…` : text;
  // A character is at most as wide as it is high.
  const from = Math.max(0, Math.min(x, size.width - ([...shown].length * fontPx + 8) / zoom));
  return (
    <Label x={from} y={y} listening={false} opacity={0.9}>
      <Tag fill="#10151b" cornerRadius={3 / zoom} />
      <Text text={shown} fontSize={fontPx / zoom} padding={3 / zoom} fill={colour} />
    </Label>
  );
}
