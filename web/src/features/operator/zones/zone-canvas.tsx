// The reference picture with the zones on it, drawn with Konva. Everything that the mouse can do here is also done by
// keys, and by the table of corners beside it. Loaded only by the page that draws.
import { VisuallyHidden } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Image as Picture, Layer, Stage } from 'react-konva';
import { Handles } from './canvas/handles';
import { OutlineShape } from './canvas/outline-shape';
import { Putting } from './canvas/putting';
import { SeenBoxes } from './canvas/seen-boxes';
import { changingKey, puttingKey } from './canvas/surface-keys';
import { useImage } from './canvas/use-image';
import { useViewport } from './canvas/use-viewport';
import { ZoomButtons } from './canvas/zoom-buttons';
import type { Draft } from './drafts';
import type { Corner, Outline } from './polygon';
import classes from './zone-canvas.module.css';

/** A box on the picture that is no zone: what a look saw, and how it would be judged now. */
export interface Box {
  key: string;
  bbox: readonly [number, number, number, number];
  tone: 'now' | 'no_longer' | 'seen' | 'sign' | 'permitted';
  label: string;
}

/** `zones`: existing ones are changed. In the others corners are put down one by one; of a `box` the two opposite ones. */
export type Mode = 'zones' | 'outline' | 'line' | 'box';

interface Props {
  url: string;
  width: number;
  height: number;
  drafts: readonly Draft[];
  selected: string | null;
  mode: Mode;
  boxes: readonly Box[];
  /** Corners put down so far, in the modes that put them down. */
  started: Outline;
  onStarted: (corners: Outline) => void;
  onFinish: () => void;
  onCancel: () => void;
  onSelect: (key: string | null) => void;
  /** `continues`: a step of the same drag. */
  onOutline: (key: string, outline: Outline, continues: boolean) => void;
}

const SAME_SPOT_PX = 8;

export function ZoneCanvas(props: Props) {
  const { drafts, selected, mode, boxes, started, onStarted, onFinish, onCancel, onSelect, onOutline } = props;
  const { t } = useTranslation('operator');
  const image = useImage(props.url);
  const { ref, width, height } = useElementSize();
  const viewport = useViewport({ width: props.width, height: props.height }, { width, height });
  const { size, zoom, offset } = viewport;
  const [corner, setCorner] = useState(0);
  const [cursor, setCursor] = useState<Corner>([0.5, 0.5]);
  const [told, setTold] = useState('');
  const draft = drafts.find(({ key }) => key === selected);
  const current = draft && corner < draft.outline.length ? corner : 0;
  const isChanging = mode === 'zones';

  const isSame = (a: Corner, b: Corner | undefined) =>
    b !== undefined && Math.hypot((a[0] - b[0]) * size.width, (a[1] - b[1]) * size.height) * zoom < SAME_SPOT_PX;
  /** A second click on the spot of the last corner, or one on the first, says that the outline is done. */
  const put = (at: Corner) => {
    if (mode === 'box') {
      if (started.length < 2 && !isSame(at, started[0])) onStarted([...started, at]);
    } else if (isSame(at, started.at(-1)) || (mode === 'outline' && started.length >= 3 && isSame(at, started[0]))) {
      onFinish();
    } else {
      onStarted([...started, at]);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const tell = (key: string, values: Record<string, string | number>) => setTold(t(key, values));
    const onPut = mode === 'box' ? put : (at: Corner) => onStarted([...started, at]);
    const isOurs = isChanging
      ? changingKey(event, { drafts, selected, draft, current, onCorner: setCorner, onSelect, onOutline, tell })
      : puttingKey(event, { started, cursor, onCursor: setCursor, onPut, onStarted, onFinish, onCancel, tell });
    if (!isOurs) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const shape = (each: Draft) => (
    <OutlineShape
      key={each.key}
      draft={each}
      isSelected={each.key === selected}
      isLive={isChanging}
      viewport={viewport}
      onSelect={() => onSelect(each.key)}
      onOutline={(outline, continues) => onOutline(each.key, outline, continues)}
    />
  );

  return (
    <div className={classes.frame}>
      {/* A drawing surface takes keys of its own; its label says which. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={ref}
        className={classes.surface}
        role="application"
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        aria-label={t(isChanging ? 'draw.surface' : mode === 'box' ? 'draw.surface_box' : 'draw.surface_putting')}
        onKeyDown={onKeyDown}
      >
        <Stage
          width={size.width}
          height={size.height}
          scaleX={zoom}
          scaleY={zoom}
          x={offset.x}
          y={offset.y}
          draggable={zoom > 1 && isChanging}
          onDragEnd={(event) => {
            if (event.target === event.target.getStage()) viewport.moveTo(event.target.x(), event.target.y());
          }}
          onWheel={(event) => {
            if (!event.evt.ctrlKey && !event.evt.metaKey) return;
            event.evt.preventDefault();
            const at = event.target.getStage()?.getPointerPosition();
            viewport.magnify(zoom * (event.evt.deltaY < 0 ? 1.25 : 0.8), at ?? undefined);
          }}
          // A box is drawn by a drag or by two clicks: going down puts the first corner, going up elsewhere the second.
          onPointerDown={(event) => {
            const at = mode === 'box' && started.length !== 1 ? viewport.pointer(event.target.getStage()) : null;
            if (at) onStarted([at]);
          }}
          onPointerUp={(event) => {
            const at = mode === 'box' ? viewport.pointer(event.target.getStage()) : null;
            if (at) put(at);
          }}
          onClick={(event) => {
            const at = viewport.pointer(event.target.getStage());
            const isGround = event.target === event.target.getStage() || event.target.name() === 'picture';
            if (isChanging) {
              if (isGround) onSelect(null);
            } else if (at && mode !== 'box') put(at);
          }}
          onMouseMove={(event) => {
            const at = isChanging ? null : viewport.pointer(event.target.getStage());
            if (at) setCursor(at);
          }}
        >
          <Layer>
            {image && <Picture name="picture" image={image} width={size.width} height={size.height} />}
            {drafts.filter(({ key }) => key !== selected).map(shape)}
            {draft && shape(draft)}
            <SeenBoxes boxes={boxes} viewport={viewport} />
            {draft && isChanging && (
              <Handles
                draft={draft}
                current={current}
                onCorner={setCorner}
                onOutline={(outline, continues) => onOutline(draft.key, outline, continues)}
                viewport={viewport}
              />
            )}
            {!isChanging && <Putting mode={mode} started={started} cursor={cursor} viewport={viewport} />}
          </Layer>
        </Stage>
      </div>
      <VisuallyHidden aria-live="polite">{told}</VisuallyHidden>
      <ZoomButtons viewport={viewport} />
    </div>
  );
}
