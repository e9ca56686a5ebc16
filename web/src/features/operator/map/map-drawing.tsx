// The drawing: grid cells as hulls of their points, points coloured and shaped by state, zoom and pan. SVG throughout:
// strokes keep their width while the map grows, so nothing is drawn anew on a zoom.
import { ActionIcon, Group, Tooltip } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconArrowsMaximize, IconMinus, IconPlus, type TablerIcon } from '@tabler/icons-react';
import { geoMercator, type GeoProjection } from 'd3-geo';
import { select } from 'd3-selection';
import { zoom, zoomIdentity, type ZoomBehavior } from 'd3-zoom';
import { memo, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { toneOf, type Tone } from '../words';
import type { Placed } from './map-page';
import { drawn, type Cell, type Degrees } from './points';
import { scaleBar } from './scale';
import classes from './map-page.module.css';

interface Props {
  placed: readonly Placed[];
  cells: readonly Cell[];
  chosen: string | null;
  onChoose: (key: string | null) => void;
}

const ZOOM_MAX = 5_000;
const MARGIN_PX = 48;
/** Room that the code of a cell takes. */
const LABEL_PX = { width: 108, height: 14 };
const ORDER: readonly Tone[] = ['quiet', 'good', 'warn', 'bad'];

export function MapDrawing({ placed, cells, chosen, onChoose }: Props) {
  const { t } = useTranslation('operator');
  const { ref, width, height } = useElementSize();
  const svg = useRef<SVGSVGElement>(null);
  const group = useRef<SVGGElement>(null);
  const behaviour = useRef<ZoomBehavior<SVGSVGElement, unknown> | null>(null);
  const [scale, setScale] = useState(1);
  const [corner, setCorner] = useState({ x: 0, y: 0 });

  // The frame is that of the first drawing: points that come or go do not move the map under somebody's hand.
  const points = useMemo(() => placed.map((each) => ({ ...each, at: drawn(each.location) })), [placed]);
  const [bounds] = useState(() => points.map(({ at }) => at));
  const projection = useMemo(() => project(bounds, width, height), [bounds, width, height]);

  const attach = useCallback((element: SVGSVGElement | null) => {
    svg.current = element;
    if (!element) return;
    const made = zoom<SVGSVGElement, unknown>()
      .scaleExtent([0.5, ZOOM_MAX])
      .on('zoom', ({ transform }: { transform: { k: number; x: number; y: number } }) => {
        group.current?.setAttribute('transform', `translate(${transform.x},${transform.y}) scale(${transform.k})`);
        setScale(transform.k);
        setCorner({ x: transform.x, y: transform.y });
      });
    behaviour.current = made;
    select(element).call(made).on('dblclick.zoom', null);
  }, []);

  const magnify = (by: number) => {
    if (svg.current && behaviour.current) behaviour.current.scaleBy(select(svg.current), by);
  };
  const fit = () => {
    if (svg.current && behaviour.current) behaviour.current.transform(select(svg.current), zoomIdentity);
  };

  // What is chosen in the list comes into sight.
  const target = useMemo(() => {
    const point = points.find(({ stream }) => stream.id === chosen)?.at;
    return point ?? cells.find(({ code }) => code === chosen)?.middle ?? null;
  }, [points, cells, chosen]);
  const spot = target && projection ? projection(target) : null;
  const [x, y] = spot ?? [null, null];
  useEffect(() => {
    if (x === null || y === null || !svg.current || !behaviour.current) return;
    const onScreen = [x * scale + corner.x, y * scale + corner.y] as const;
    const isSeen = onScreen[0] > 20 && onScreen[1] > 20 && onScreen[0] < width - 20 && onScreen[1] < height - 20;
    if (!isSeen) behaviour.current.translateTo(select(svg.current), x, y);
    // Only a new choice moves the map, not the hand that pans it away.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [x, y]);

  const labelled = projection ? placeLabels(cells, projection, { scale, ...corner, width, height }) : [];
  const bar = projection && scaleBar(projection, width, height, scale);

  return (
    <div ref={ref} className={classes.frame}>
      {width > 0 && projection && (
        <svg
          ref={attach}
          width={width}
          height={height}
          className={classes.svg}
          role="img"
          aria-label={t('map.picture', { points: points.length, cells: cells.length })}
        >
          <g ref={group}>
            <Hulls cells={cells} projection={projection} chosen={chosen} onChoose={onChoose} />
            <Points points={points} projection={projection} onChoose={onChoose} />
          </g>
          {labelled.map(({ code, px, py }) => (
            <text key={code} x={px} y={py} className={classes.code}>
              {code}
            </text>
          ))}
          {x !== null && y !== null && (
            <circle cx={x * scale + corner.x} cy={y * scale + corner.y} r={12} className={classes.ring} />
          )}
        </svg>
      )}
      <Group gap={4} className={classes.zoom}>
        <ZoomButton label={t('map.zoom_out')} icon={IconMinus} onClick={() => magnify(1 / 1.6)} />
        <ZoomButton label={t('map.zoom_in')} icon={IconPlus} onClick={() => magnify(1.6)} />
        <ZoomButton label={t('map.zoom_fit')} icon={IconArrowsMaximize} onClick={fit} />
      </Group>
      {bar && (
        <div className={classes.scale} style={{ width: bar.px }}>
          {bar.metres >= 1000
            ? t('map.kilometres', { count: bar.metres / 1000 })
            : t('map.metres', { count: bar.metres })}
        </div>
      )}
      <ul className={classes.legend} aria-label={t('map.legend')}>
        {(['good', 'warn', 'bad', 'quiet'] as const).map((tone) => (
          <li key={tone}>
            <svg width="14" height="14" aria-hidden>
              <path d="M7,7h0" className={classes.point} data-tone={tone} />
            </svg>
            {t(`map.tone.${tone}`)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function ZoomButton({ label, icon: Icon, onClick }: { label: string; icon: TablerIcon; onClick: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" aria-label={label} onClick={onClick}>
        <Icon size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

const Hulls = memo(function Hulls({
  cells,
  projection,
  chosen,
  onChoose,
}: Pick<Props, 'cells' | 'chosen' | 'onChoose'> & { projection: GeoProjection }) {
  return cells.map(({ code, hull }) => {
    const corners = hull.flatMap((at) => {
      const spot = projection(at);
      return spot ? [`${spot[0]},${spot[1]}`] : [];
    });
    return (
      // The list beside the map takes the keys.

      <path
        key={code}
        d={`M${corners.join('L')}Z`}
        className={classes.hull}
        data-chosen={code === chosen || undefined}
        onClick={() => onChoose(code)}
      />
    );
  });
});

const Points = memo(function Points({
  points,
  projection,
  onChoose,
}: {
  points: readonly (Placed & { at: Degrees })[];
  projection: GeoProjection;
  onChoose: Props['onChoose'];
}) {
  // What needs a person lies on top of what does not.
  const sorted = [...points].sort((a, b) => ORDER.indexOf(toneOf(a.view)) - ORDER.indexOf(toneOf(b.view)));
  return sorted.map(({ stream, view, at }) => {
    const spot = projection(at);
    if (!spot) return null;
    return (
      // The list beside the map takes the keys.

      <path
        key={stream.id}
        // A line of no length with round or square ends is a point that keeps its size.
        d={`M${spot[0]},${spot[1]}h0`}
        className={classes.point}
        data-tone={toneOf(view)}
        onClick={(event) => {
          event.stopPropagation();
          onChoose(stream.id);
        }}
      />
    );
  });
});

/** The codes of the cells that are in sight, as many as do not lie on each other. */
function placeLabels(
  cells: readonly Cell[],
  projection: GeoProjection,
  { scale, x, y, width, height }: { scale: number; x: number; y: number; width: number; height: number },
): { code: string; px: number; py: number }[] {
  const placed: { code: string; px: number; py: number }[] = [];
  for (const { code, middle } of cells) {
    const at = projection(middle);
    if (!at) continue;
    const [px, py] = [at[0] * scale + x, at[1] * scale + y - 12];
    if (px < 0 || py < 0 || px > width || py > height) continue;
    const isFree = placed.every(
      (other) => Math.abs(other.px - px) > LABEL_PX.width || Math.abs(other.py - py) > LABEL_PX.height,
    );
    if (isFree) placed.push({ code, px, py });
  }
  return placed;
}

/** Fits the points into the frame; one point alone is shown with a few hundred metres around it. */
function project(points: readonly Degrees[], width: number, height: number): GeoProjection | null {
  if (points.length === 0 || width <= 0 || height <= 0) return null;
  const around = 0.002;
  const coordinates = points.flatMap(([x, y]) => [
    [x - around, y - around],
    [x + around, y + around],
  ]);
  const margin = Math.min(MARGIN_PX, width / 4, height / 4);
  return geoMercator().fitExtent(
    [
      [margin, margin],
      [width - margin, height - margin],
    ],
    { type: 'MultiPoint', coordinates },
  );
}
