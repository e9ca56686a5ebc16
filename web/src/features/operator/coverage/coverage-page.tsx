// Every view as a tile: its reference picture, how it stands and why. Only the tiles that are seen are drawn.
import { Group, SegmentedControl, Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '@/api/client';
import { isProblem } from '@/api/problem';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { streamsQuery, useFresh, viewsQuery } from '../data';
import { FilterBar } from '../filter/filter-bar';
import { needsPerson, passes, rowsOf, useFilter, type Row } from '../filter/filter';
import { useRowWords } from '../row-words';
import { Tile } from './tile';
import { PageTitle } from '../page-title';
import classes from './coverage-page.module.css';

const TILE_PX_MIN = 236;
const GAP_PX = 12;
/** What stands below a tile's picture. */
const WORDS_PX = 86;

const planQuery = {
  queryKey: ['plan'],
  queryFn: async () => {
    try {
      return await body(api.GET('/api/v1/plan'));
    } catch (error) {
      // A desk without a patrol has no plan; that is no fault of the page.
      if (isProblem(error, 501) || isProblem(error, 403)) return null;
      throw error;
    }
  },
};

export function CoveragePage() {
  const { t } = useTranslation('operator');
  const streams = useQuery(streamsQuery);
  const views = useQuery(viewsQuery);
  const plan = useQuery(planQuery);
  const [filter, setFilter] = useFilter();
  useFresh(['stream.', 'view.', 'zone.'], [['streams'], ['views']], 1_000);
  useFresh(['look.finished'], [['views'], ['plan']], 5_000);

  const rows = useMemo(() => rowsOf(streams.data ?? [], views.data ?? []), [streams.data, views.data]);
  const shown = useMemo(() => rows.filter((row) => passes(row, filter)), [rows, filter]);
  const error = streams.error ?? views.error;
  if (error && rows.length === 0) return <ProblemText error={error} />;
  if (streams.isPending || views.isPending) return <Waiting />;
  const bad = rows.filter(({ view }) => needsPerson(view)).length;
  const good = rows.filter(({ view }) => view.coverage === 'covered').length;
  return (
    <div className={classes.page}>
      <PageTitle>{t('coverage.title')}</PageTitle>
      <FilterBar
        filter={filter}
        onFilter={setFilter}
        streams={streams.data ?? []}
        count={t('coverage.count', { count: shown.length, shown: shown.length })}
      >
        <SegmentedControl
          size="xs"
          aria-label={t('coverage.which')}
          value={filter.state === 'bad' || filter.state === 'covered' ? filter.state : 'all'}
          data={[
            { value: 'all', label: t('coverage.all', { count: rows.length }) },
            { value: 'bad', label: t('coverage.bad', { count: bad }) },
            { value: 'covered', label: t('coverage.good', { count: good }) },
          ]}
          onChange={(value) => setFilter({ state: value === 'bad' || value === 'covered' ? value : null })}
        />
      </FilterBar>
      {plan.data && plan.data.policy !== 'full' && (
        <Group className={classes.plan} role="status">
          <Text size="sm">
            {t(`coverage.policy.${plan.data.policy}`, {
              stretch: plan.data.stretch.toFixed(1),
              waiting: plan.data.waiting,
            })}
          </Text>
        </Group>
      )}
      {shown.length === 0 ? (
        <Text p="lg" size="sm" c="dimmed">
          {t(rows.length === 0 ? 'cameras.none' : 'filter.nothing')}
        </Text>
      ) : (
        <Tiles rows={shown} />
      )}
    </div>
  );
}

function Tiles({ rows }: { rows: readonly Row[] }) {
  const { t } = useTranslation('operator');
  const words = useRowWords();
  const scroller = useRef<HTMLDivElement>(null);
  const { ref, width } = useElementSize();
  const room = Math.max(width, TILE_PX_MIN);
  const columns = Math.max(1, Math.floor((room + GAP_PX) / (TILE_PX_MIN + GAP_PX)));
  const tile = (room - GAP_PX * (columns - 1)) / columns;
  const height = Math.round((tile * 9) / 16) + WORDS_PX + GAP_PX;
  // eslint-disable-next-line react-hooks/incompatible-library -- the list is drawn by this component alone
  const virtual = useVirtualizer({
    count: Math.ceil(rows.length / columns),
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 1,
  });
  useEffect(() => virtual.measure(), [virtual, height]);
  return (
    // A region that scrolls is reached by keys, so that they can scroll it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div ref={scroller} className={classes.scroller} tabIndex={0} role="region" aria-label={t('coverage.tiles')}>
      <ul
        ref={ref}
        className={classes.tiles}
        style={{ height: virtual.getTotalSize() }}
        aria-label={t('coverage.tiles')}
      >
        {virtual.getVirtualItems().flatMap((item) =>
          rows.slice(item.index * columns, (item.index + 1) * columns).map((row, column) => (
            <li
              key={row.view.view.id}
              className={classes.place}
              aria-posinset={item.index * columns + column + 1}
              aria-setsize={rows.length}
              style={{
                width: tile,
                height: height - GAP_PX,
                transform: `translate(${column * (tile + GAP_PX)}px, ${item.start}px)`,
              }}
            >
              <Tile stream={row.stream} view={row.view} words={words} />
            </li>
          )),
        )}
      </ul>
    </div>
  );
}
