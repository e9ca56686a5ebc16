// All registered cameras: what each looks for, where it stands and how it does. One row a view, drawn only where seen.
import { Button, Text } from '@mantine/core';
import { IconFileImport, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { streamsQuery, useFresh, viewsQuery } from '../data';
import { FilterBar } from '../filter/filter-bar';
import { passes, rowsOf, useFilter, type Row } from '../filter/filter';
import { PlainName } from '../plain-name';
import { useRowWords, type RowWords } from '../row-words';
import { StateMark } from '../state-badge';
import { toneOf } from '../words';
import { PageTitle } from '../page-title';
import classes from './cameras-page.module.css';

const ROW_PX = 46;
const COLUMNS = ['state', 'name', 'place', 'matters', 'seen', 'access'] as const;

export function CamerasPage() {
  const { t } = useTranslation('operator');
  const streams = useQuery(streamsQuery);
  const views = useQuery(viewsQuery);
  const [filter, setFilter] = useFilter();
  useFresh(['stream.', 'view.', 'zone.'], [['streams'], ['views']], 1_000);
  useFresh(['look.finished'], [['views']], 10_000);

  const rows = useMemo(() => rowsOf(streams.data ?? [], views.data ?? []), [streams.data, views.data]);
  const shown = useMemo(() => rows.filter((row) => passes(row, filter)), [rows, filter]);
  const error = streams.error ?? views.error;
  if (error && rows.length === 0) return <ProblemText error={error} />;
  if (streams.isPending || views.isPending) return <Waiting />;
  return (
    <div className={classes.page}>
      <PageTitle>{t('cameras.title')}</PageTitle>
      <FilterBar
        filter={filter}
        onFilter={setFilter}
        streams={streams.data ?? []}
        count={t('cameras.count', { shown: shown.length, all: rows.length })}
      >
        <Button
          component={Link}
          to="/operator/import"
          size="xs"
          variant="default"
          leftSection={<IconFileImport size={15} aria-hidden />}
        >
          {t('cameras.import')}
        </Button>
        <Button component={Link} to="/operator/cameras/new" size="xs" leftSection={<IconPlus size={15} aria-hidden />}>
          {t('cameras.add')}
        </Button>
      </FilterBar>
      {rows.length === 0 ? (
        <div className={classes.empty}>
          <Text fw={500}>{t('cameras.none')}</Text>
          <Text size="sm" c="dimmed">
            {t('cameras.none_text')}
          </Text>
        </div>
      ) : (
        <Rows rows={shown} />
      )}
    </div>
  );
}

interface LineProps extends Row {
  words: RowWords;
  index: number;
  top: number;
}

function Rows({ rows }: { rows: readonly Row[] }) {
  const { t } = useTranslation('operator');
  const words = useRowWords();
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- the list is drawn by this component alone
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => rows[index]?.view.view.id ?? index,
    overscan: 4,
  });
  return (
    <div className={classes.table} role="table" aria-label={t('cameras.table')} aria-rowcount={rows.length + 1}>
      <div role="row" aria-rowindex={1} className={classes.head}>
        {COLUMNS.map((column) => (
          <div key={column} role="columnheader">
            {t(`cameras.column.${column}`)}
          </div>
        ))}
      </div>
      {/* A region that scrolls is reached by keys, so that they can scroll it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div ref={scroller} className={classes.scroller} role="rowgroup" tabIndex={0} aria-label={t('cameras.table')}>
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <Line
                key={item.key}
                stream={row.stream}
                view={row.view}
                words={words}
                index={item.index}
                top={item.start}
              />
            );
          })}
        </div>
      </div>
      {rows.length === 0 && (
        <Text p="lg" size="sm" c="dimmed">
          {t('filter.nothing')}
        </Text>
      )}
    </div>
  );
}

const Line = memo(function Line({ stream, view, words, index, top }: LineProps) {
  const { t } = useTranslation('operator');
  const { moments } = words;
  const { location } = stream;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={classes.line}
      style={{ transform: `translateY(${top}px)`, height: ROW_PX }}
    >
      <div role="cell">
        <StateMark tone={toneOf(view)}>{words.state(view)}</StateMark>
        <PlainName small>{words.reason(view)}</PlainName>
      </div>
      <div role="cell">
        <Link to={`/operator/cameras/${stream.id}`} className={classes.link}>
          <PlainName>{stream.name}</PlainName>
        </Link>
        <PlainName small>{stream.code}</PlainName>
      </div>
      <div role="cell">
        <PlainName>{location?.address || '—'}</PlainName>
        <PlainName small>{[stream.area, location?.grid_cell].filter(Boolean).join(' · ')}</PlainName>
      </div>
      <div role="cell">
        <PlainName>{words.matters(view)}</PlainName>
        <Link to={`/operator/coverage/${view.view.id}`} className={classes.link} data-small>
          {view.zones === 0 && view.view.matters.length > 0
            ? t('cameras.no_zones')
            : t('cameras.zones', { count: view.zones })}
        </Link>
      </div>
      <div role="cell">
        <PlainName>{moments.short(view.latest_look?.ended)}</PlainName>
        <PlainName small>{view.revisit_s ? t('cameras.every', { span: moments.span(view.revisit_s) }) : ''}</PlainName>
      </div>
      <div role="cell">
        <PlainName>{t(`transport.${stream.transport}`)}</PlainName>
        <PlainName small>{t(stream.has_credential ? 'cameras.has_credential' : 'cameras.no_credential')}</PlainName>
      </div>
    </div>
  );
});
