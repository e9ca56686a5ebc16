// The reference picture with the zones on it, drawn with Konva. Everything that the mouse can do here is also done by
// keys, and by the table of corners beside it. Loaded only by the page that draws.
import { ActionIcon, Group, Tooltip, VisuallyHidden } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconArrowsMaximize, IconMinus, IconPlus } from '@tabler/icons-react';
import type Konva from 'konva';
import { useEffect, useMemo, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Circle, Group as Layered, Image as Picture, Label, Layer, Line, Rect, Stage, Tag, Text } from 'react-konva';
import {
  clampCorner,
  edgeMiddle,
  insertCorner,
  labelSpot,
  moveCorner,
  moveOutline,
  outlineFault,
  removeCorner,
  type Corner,
  type Outline,
} from './polygon';
import type { Draft } from './drafts';
import { STROKES, type Stroke } from './strokes';
import classes from './zone-canvas.module.css';

/** A box on the picture that is no zone: what a look saw, and how it would be judged now. */
export interface Box {
  key: string;
  bbox: readonly [number, number, number, number];
  tone: 'now' | 'no_longer' | 'seen';
  label: string;
}

/** `zones`: existing ones are changed. `outline` and `line`: corners are put down one by one. */
export type Mode = 'zones' | 'outline' | 'line';

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

const STEP = 0.002;
const STEP_WIDE = 0.02;
const ZOOM_MAX = 8;
const MIDDLE_HANDLES_MAX = 40;
const SAME_SPOT_PX = 8;

export function ZoneCanvas(props: Props) {
  const {
    url,
    width,
    height,
    drafts,
    selected,
    mode,
    boxes,
    started,
    onStarted,
    onFinish,
    onCancel,
    onSelect,
    onOutline,
  } = props;
  const { t } = useTranslation('operator');
  const { ref, width: room, height: roomHeight } = useElementSize();
  const image = useImage(url);
  const [zoom, setZoom] = useState(1);
  const [offset, setOffset] = useState({ x: 0, y: 0 });
  const [corner, setCorner] = useState(0);
  const [cursor, setCursor] = useState<Corner>([0.5, 0.5]);
  const [told, setTold] = useState('');

  const fit = Math.min(room / width, roomHeight / height);
  const size = { width: Math.max(1, width * fit), height: Math.max(1, height * fit) };
  const draft = drafts.find(({ key }) => key === selected);
  const current = draft && corner < draft.outline.length ? corner : 0;

  const toPixels = ([x, y]: Corner): [number, number] => [x * size.width, y * size.height];
  const flat = (outline: Outline) => outline.flatMap(toPixels);
  /** Where the pointer is, as fractions of the picture. */
  const pointer = (stage: Konva.Stage | null): Corner | null => {
    const at = stage?.getRelativePointerPosition();
    return at ? clampCorner([at.x / size.width, at.y / size.height]) : null;
  };
  const magnify = (next: number, around = { x: size.width / 2, y: size.height / 2 }) => {
    const to = Math.min(Math.max(next, 1), ZOOM_MAX);
    setOffset({
      x: within(around.x - ((around.x - offset.x) / zoom) * to, size.width * (1 - to), 0),
      y: within(around.y - ((around.y - offset.y) / zoom) * to, size.height * (1 - to), 0),
    });
    setZoom(to);
  };

  /** A second click on the spot of the last corner, or one on the first, says that the outline is done. */
  const put = (at: Corner) => {
    const isOn = (corner: Corner | undefined) =>
      corner !== undefined &&
      Math.hypot((at[0] - corner[0]) * size.width, (at[1] - corner[1]) * size.height) * zoom < SAME_SPOT_PX;
    if (isOn(started.at(-1)) || (mode === 'outline' && started.length >= 3 && isOn(started[0]))) onFinish();
    else onStarted([...started, at]);
  };

  const tellCorner = (outline: Outline, index: number) => {
    const [x, y] = outline[index] ?? [0, 0];
    setTold(t('draw.corner_at', { corner: index + 1, corners: outline.length, x: x.toFixed(3), y: y.toFixed(3) }));
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.shiftKey ? STEP_WIDE : STEP;
    const arrows: Record<string, readonly [number, number]> = {
      ArrowLeft: [-step, 0],
      ArrowRight: [step, 0],
      ArrowUp: [0, -step],
      ArrowDown: [0, step],
    };
    const by = arrows[event.key];
    const done = () => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (mode !== 'zones') {
      if (by) {
        const next = clampCorner([cursor[0] + by[0], cursor[1] + by[1]]);
        setCursor(next);
        setTold(t('draw.cursor_at', { x: next[0].toFixed(3), y: next[1].toFixed(3) }));
        done();
      } else if (event.key === ' ') {
        onStarted([...started, cursor]);
        setTold(t('draw.corner_put', { corners: started.length + 1 }));
        done();
      } else if (event.key === 'Backspace' || event.key === 'Delete') {
        onStarted(started.slice(0, -1));
        done();
      } else if (event.key === 'Enter') {
        onFinish();
        done();
      } else if (event.key === 'Escape') {
        onCancel();
        done();
      }
      return;
    }
    if (event.key === 'n' || event.key === 'N') {
      const at = drafts.findIndex(({ key }) => key === selected);
      const next = drafts[(at + (event.shiftKey ? drafts.length - 1 : 1)) % Math.max(drafts.length, 1)];
      if (next) {
        onSelect(next.key);
        setCorner(0);
        setTold(t('draw.zone_chosen', { name: next.name, corners: next.outline.length }));
      }
      done();
      return;
    }
    if (!draft) return;
    if (by) {
      const outline = event.altKey
        ? moveOutline(draft.outline, ...by)
        : moveCorner(draft.outline, current, add(draft.outline[current], by));
      onOutline(draft.key, outline, event.repeat);
      tellCorner(outline, current);
      done();
    } else if (event.key === ',' || event.key === '.') {
      const n = draft.outline.length;
      const next = (current + (event.key === '.' ? 1 : n - 1)) % n;
      setCorner(next);
      tellCorner(draft.outline, next);
      done();
    } else if (event.key === 'Insert' || event.key === '+') {
      const outline = insertCorner(draft.outline, current, edgeMiddle(draft.outline, current));
      onOutline(draft.key, outline, false);
      setCorner(current + 1);
      tellCorner(outline, current + 1);
      done();
    } else if (event.key === 'Delete' && draft.outline.length > 3) {
      const outline = removeCorner(draft.outline, current);
      onOutline(draft.key, outline, false);
      const next = Math.min(current, outline.length - 1);
      setCorner(next);
      tellCorner(outline, next);
      done();
    } else if (event.key === 'Escape') {
      onSelect(null);
      done();
    }
  };

  /** Where a label begins so that its end stays on the picture; a character is at most as wide as it is high. */
  const keepIn = (x: number, text: string, fontPx: number) =>
    Math.max(0, Math.min(x, size.width - ([...shorten(text)].length * fontPx + 8) / zoom));

  const handle = 5.5 / zoom;
  const thin = 2 / zoom;
  const outlineOf = (each: Draft) => {
    const isSelected = each.key === selected;
    const stroke: Stroke = STROKES[each.kind];
    const broken = outlineFault(each.outline) !== null;
    const points = flat(each.outline);
    const [x, y] = toPixels(labelSpot(each.outline));
    const alone = mode === 'zones';
    return (
      <Layered key={each.key} listening={alone}>
        <Line points={points} closed stroke="#000a" strokeWidth={thin * (isSelected ? 2.4 : 2)} />
        <Line
          points={points}
          closed
          stroke={broken ? '#ff5c5c' : stroke.colour}
          strokeWidth={thin * (isSelected ? 1.4 : 1)}
          dash={stroke.dash.map((part) => part / zoom)}
          fill={stroke.colour + (isSelected ? '3d' : '24')}
          draggable={isSelected && alone}
          onMouseDown={() => onSelect(each.key)}
          onTap={() => onSelect(each.key)}
          onDragMove={(event) => {
            const by = event.target.position();
            event.target.position({ x: 0, y: 0 });
            onOutline(each.key, moveOutline(each.outline, by.x / size.width, by.y / size.height), true);
          }}
          onDragStart={() => onOutline(each.key, each.outline, false)}
        />
        {each.name !== '' && (
          <Label
            x={keepIn(x, each.name, 12)}
            y={y > 20 / zoom ? y - 20 / zoom : y + 2 / zoom}
            listening={false}
            opacity={0.9}
          >
            <Tag fill="#10151b" cornerRadius={3 / zoom} />
            <Text text={shorten(each.name)} fontSize={12 / zoom} padding={3 / zoom} fill="#fff" />
          </Label>
        )}
      </Layered>
    );
  };

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
        aria-label={t(mode === 'zones' ? 'draw.surface' : 'draw.surface_putting')}
        onKeyDown={onKeyDown}
      >
        <Stage
          width={size.width}
          height={size.height}
          scaleX={zoom}
          scaleY={zoom}
          x={offset.x}
          y={offset.y}
          draggable={zoom > 1 && mode === 'zones'}
          onDragEnd={(event) => {
            if (event.target !== event.target.getStage()) return;
            setOffset({
              x: within(event.target.x(), size.width * (1 - zoom), 0),
              y: within(event.target.y(), size.height * (1 - zoom), 0),
            });
          }}
          onWheel={(event) => {
            if (!event.evt.ctrlKey && !event.evt.metaKey) return;
            event.evt.preventDefault();
            const at = event.target.getStage()?.getPointerPosition();
            magnify(zoom * (event.evt.deltaY < 0 ? 1.25 : 0.8), at ?? undefined);
          }}
          onClick={(event) => {
            const at = pointer(event.target.getStage());
            if (mode !== 'zones') {
              if (at) put(at);
            } else if (event.target === event.target.getStage() || event.target.name() === 'picture') onSelect(null);
          }}
          onMouseMove={(event) => {
            const at = mode === 'zones' ? null : pointer(event.target.getStage());
            if (at) setCursor(at);
          }}
        >
          <Layer>
            {image && <Picture name="picture" image={image} width={size.width} height={size.height} />}
            {drafts.filter(({ key }) => key !== selected).map(outlineOf)}
            {draft && outlineOf(draft)}
            {boxes.map(({ key, bbox: [x0, y0, x1, y1], tone, label }) => (
              <Layered key={key} listening={false}>
                <Rect
                  x={x0 * size.width}
                  y={y0 * size.height}
                  width={(x1 - x0) * size.width}
                  height={(y1 - y0) * size.height}
                  stroke={BOX_COLOURS[tone]}
                  strokeWidth={thin}
                  dash={tone === 'no_longer' ? [5 / zoom, 4 / zoom] : []}
                />
                {label && (
                  <Label x={keepIn(x0 * size.width, label, 11)} y={y0 * size.height - 17 / zoom} opacity={0.9}>
                    <Tag fill="#10151b" cornerRadius={2 / zoom} />
                    <Text text={shorten(label)} fontSize={11 / zoom} padding={2 / zoom} fill={BOX_COLOURS[tone]} />
                  </Label>
                )}
              </Layered>
            ))}
            {draft && mode === 'zones' && (
              <>
                {draft.outline.length <= MIDDLE_HANDLES_MAX &&
                  draft.outline.map((_, i) => {
                    const [x, y] = toPixels(edgeMiddle(draft.outline, i));
                    return (
                      <Circle
                        key={`middle ${i}`}
                        x={x}
                        y={y}
                        radius={handle * 0.7}
                        fill="#fff8"
                        stroke="#000a"
                        strokeWidth={thin / 2}
                        onMouseDown={(event) => {
                          event.cancelBubble = true;
                          onOutline(draft.key, insertCorner(draft.outline, i, edgeMiddle(draft.outline, i)), false);
                          setCorner(i + 1);
                        }}
                      />
                    );
                  })}
                {draft.outline.map((at, i) => {
                  const [x, y] = toPixels(at);
                  return (
                    <Circle
                      key={`corner ${i}`}
                      x={x}
                      y={y}
                      radius={i === current ? handle * 1.35 : handle}
                      hitStrokeWidth={10 / zoom}
                      fill={i === current ? '#ffd43b' : '#fff'}
                      stroke="#10151b"
                      strokeWidth={thin * 0.8}
                      draggable
                      onMouseDown={() => setCorner(i)}
                      onDragStart={() => onOutline(draft.key, draft.outline, false)}
                      onDragMove={(event) => {
                        event.cancelBubble = true;
                        const to = clampCorner([event.target.x() / size.width, event.target.y() / size.height]);
                        const [px, py] = toPixels(to);
                        event.target.position({ x: px, y: py });
                        onOutline(draft.key, moveCorner(draft.outline, i, to), true);
                      }}
                      onDblClick={(event) => {
                        event.cancelBubble = true;
                        if (draft.outline.length > 3) onOutline(draft.key, removeCorner(draft.outline, i), false);
                      }}
                    />
                  );
                })}
              </>
            )}
            {mode !== 'zones' && (
              <Layered listening={false}>
                <Line points={flat([...started, cursor])} stroke="#000a" strokeWidth={thin * 2} />
                <Line
                  points={flat([...started, cursor])}
                  stroke="#ffd43b"
                  strokeWidth={thin}
                  dash={[6 / zoom, 4 / zoom]}
                />
                {started.map((at, i) => {
                  const [x, y] = toPixels(at);
                  return (
                    <Circle
                      key={i}
                      x={x}
                      y={y}
                      radius={handle * 0.8}
                      fill="#ffd43b"
                      stroke="#10151b"
                      strokeWidth={thin / 2}
                    />
                  );
                })}
                <Line points={cross(toPixels(cursor), 9 / zoom)[0]} stroke="#ffd43b" strokeWidth={thin} />
                <Line points={cross(toPixels(cursor), 9 / zoom)[1]} stroke="#ffd43b" strokeWidth={thin} />
              </Layered>
            )}
          </Layer>
        </Stage>
      </div>
      <VisuallyHidden aria-live="polite">{told}</VisuallyHidden>
      <Group gap={4} className={classes.zoom}>
        <Tooltip label={t('draw.zoom_out')}>
          <ActionIcon
            variant="default"
            aria-label={t('draw.zoom_out')}
            disabled={zoom <= 1}
            onClick={() => magnify(zoom / 1.5)}
          >
            <IconMinus size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t('draw.zoom_in')}>
          <ActionIcon
            variant="default"
            aria-label={t('draw.zoom_in')}
            disabled={zoom >= ZOOM_MAX}
            onClick={() => magnify(zoom * 1.5)}
          >
            <IconPlus size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
        <Tooltip label={t('draw.zoom_fit')}>
          <ActionIcon
            variant="default"
            aria-label={t('draw.zoom_fit')}
            disabled={zoom === 1}
            onClick={() => magnify(1)}
          >
            <IconArrowsMaximize size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
    </div>
  );
}

const BOX_COLOURS: Record<Box['tone'], string> = { now: '#ff6b6b', no_longer: '#69db7c', seen: '#ced4da' };
const LABEL_CHARS_MAX = 24;

function shorten(text: string): string {
  const chars = [...text];
  return chars.length > LABEL_CHARS_MAX ? `${chars.slice(0, LABEL_CHARS_MAX).join('')}…` : text;
}

function add(corner: Corner | undefined, by: readonly [number, number]): Corner {
  return [(corner?.[0] ?? 0) + by[0], (corner?.[1] ?? 0) + by[1]];
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

function cross([x, y]: [number, number], arm: number): [number[], number[]] {
  return [
    [x - arm, y, x + arm, y],
    [x, y - arm, x, y + arm],
  ];
}

function useImage(url: string): HTMLImageElement | null {
  const [loaded, setLoaded] = useState<HTMLImageElement | null>(null);
  const image = useMemo(() => {
    const image = new Image();
    image.src = url;
    return image;
  }, [url]);
  useEffect(() => {
    let wanted = true;
    image.decode().then(
      () => wanted && setLoaded(image),
      () => wanted && setLoaded(null),
    );
    return () => {
      wanted = false;
    };
  }, [image]);
  return loaded;
}
