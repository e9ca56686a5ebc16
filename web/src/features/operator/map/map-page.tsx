// Where the cameras stand: points and grid cells from the registered coordinates, without any tile from outside, and the
// same as a list beside it, which keys reach.
import { Alert, Anchor, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Name } from '@/components/name';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { streamsQuery, useFresh, viewsQuery, type Stream, type ViewCoverage } from '../data';
import { FilterBar } from '../filter/filter-bar';
import { passes, rowsOf, useFilter } from '../filter/filter';
import { StateBadge } from '../state-badge';
import { worst } from '../words';
import { MapDrawing } from './map-drawing';
import { PointList } from './point-list';
import { cells, isDrawable, systems } from './points';
import { PageTitle } from '../page-title';
import classes from './map-page.module.css';

/** A camera on the map, with the view that stands worst. */
export interface Placed {
  stream: Stream;
  view: ViewCoverage;
  location: NonNullable<Stream['location']>;
}

export function MapPage() {
  const { t } = useTranslation('operator');
  const streams = useQuery(streamsQuery);
  const views = useQuery(viewsQuery);
  const [filter, setFilter] = useFilter();
  const [chosen, setChosen] = useState<string | null>(null);
  const [listed, setListed] = useState<'points' | 'cells'>('points');
  useFresh(['stream.', 'view.'], [['streams'], ['views']], 1_000);
  useFresh(['look.finished'], [['views']], 10_000);

  const rows = useMemo(() => rowsOf(streams.data ?? [], views.data ?? []), [streams.data, views.data]);
  const placed = useMemo(() => {
    const byStream = new Map<string, { stream: Stream; views: ViewCoverage[] }>();
    for (const row of rows.filter((row) => passes(row, filter))) {
      const entry = byStream.get(row.stream.id) ?? { stream: row.stream, views: [] };
      entry.views.push(row.view);
      byStream.set(row.stream.id, entry);
    }
    return [...byStream.values()].flatMap(({ stream, views }): Placed[] => {
      const view = worst(views);
      return view && stream.location && isDrawable(stream.location)
        ? [{ stream, view, location: stream.location }]
        : [];
    });
  }, [rows, filter]);
  const spots = useMemo(() => placed.map(({ location }) => location), [placed]);
  const found = useMemo(() => cells(spots), [spots]);
  const known = systems(spots);
  const error = streams.error ?? views.error;
  if (error && rows.length === 0) return <ProblemText error={error} />;
  if (streams.isPending || views.isPending) return <Waiting />;
  const nowhere = new Set(
    rows.filter(({ stream }) => !stream.location || !isDrawable(stream.location)).map(({ stream }) => stream.id),
  );
  const selected = placed.find(({ stream }) => stream.id === chosen);
  const converted = known.filter(({ crs }) => crs === 'gcj02' || crs === 'bd09');
  return (
    <div className={classes.page}>
      <PageTitle>{t('map.title')}</PageTitle>
      <FilterBar
        filter={filter}
        onFilter={setFilter}
        streams={streams.data ?? []}
        count={t('map.count', { points: placed.length, cells: found.length })}
      />
      <div className={classes.body}>
        <section className={classes.map} aria-label={t('map.map')}>
          {placed.length > 0 ? (
            <MapDrawing placed={placed} cells={found} chosen={chosen} onChoose={setChosen} />
          ) : (
            <Text p="lg" size="sm" c="dimmed">
              {t('map.nothing')}
            </Text>
          )}
          {selected && (
            <div className={classes.card} role="status">
              <Name fw={600} size="sm">
                {selected.stream.name}
              </Name>
              <Name size="xs" c="dimmed">
                {selected.location.address || '—'}
              </Name>
              <Group gap="md" mt={4}>
                <StateBadge row={selected.view} />
                <Anchor component={Link} size="xs" to={`/operator/coverage/${selected.view.view.id}`}>
                  {t('map.open_view')}
                </Anchor>
                <Anchor component={Link} size="xs" to={`/operator/cameras/${selected.stream.id}`}>
                  {t('map.open_camera')}
                </Anchor>
              </Group>
              <Text size="xs" c="dimmed">
                {t('map.at', {
                  longitude: selected.location.longitude.toFixed(6),
                  latitude: selected.location.latitude.toFixed(6),
                  crs: t(`crs.${selected.location.crs}`),
                })}
              </Text>
            </div>
          )}
        </section>
        <aside className={classes.side} aria-label={t('map.list')}>
          <Stack gap="xs" p="sm" pb={0}>
            {converted.length > 0 && (
              <Alert variant="light" color="yellow" p="xs" role="status">
                {t('map.converted', {
                  systems: converted
                    .map(({ crs, points }) => t('map.of_system', { crs: t(`crs.${crs}`), count: points }))
                    .join(t('and')),
                })}
              </Alert>
            )}
            <Text size="xs" c="dimmed">
              {known.map(({ crs, points }) => t('map.of_system', { crs: t(`crs.${crs}`), count: points })).join(' · ')}
            </Text>
            {nowhere.size > 0 && (
              <Text size="xs" c="dimmed">
                {t('map.nowhere', { count: nowhere.size })}
              </Text>
            )}
            <SegmentedControl
              size="xs"
              aria-label={t('map.list')}
              value={listed}
              data={[
                { value: 'points', label: t('map.points', { count: placed.length }) },
                { value: 'cells', label: t('map.cells', { count: found.length }) },
              ]}
              onChange={(value) => setListed(value)}
            />
          </Stack>
          {listed === 'points' ? (
            <PointList
              key="points"
              items={placed.map(({ stream, view, location }) => ({
                key: stream.id,
                name: stream.name,
                detail: [location.grid_cell, location.address].filter(Boolean).join(' · '),
                view,
              }))}
              chosen={chosen}
              onChoose={setChosen}
            />
          ) : (
            <PointList
              key="cells"
              items={found.map(({ code, points }) => ({
                key: code,
                name: code,
                detail: t('map.cell_points', { count: points.length }),
              }))}
              chosen={chosen}
              onChoose={setChosen}
            />
          )}
        </aside>
      </div>
    </div>
  );
}
