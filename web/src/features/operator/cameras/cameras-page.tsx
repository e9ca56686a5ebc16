// All registered cameras: what each looks for, where it stands and how it does. One row a view, drawn only where seen.
import { Anchor, Button, Text } from '@mantine/core';
import { IconFileImport, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Name } from '@/components/name';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { mattersQuery, streamsQuery, useFresh, viewsQuery } from '../data';
import { FilterBar } from '../filter/filter-bar';
import { passes, rowsOf, useFilter, type Row } from '../filter/filter';
import { useMoments } from '../moments';
import { StateBadge } from '../state-badge';
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

function Rows({ rows }: { rows: readonly Row[] }) {
  const { t } = useTranslation('operator');
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- the list is drawn by this component alone
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    getItemKey: (index) => rows[index]?.view.view.id ?? index,
    overscan: 8,
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
            return <Line key={item.key} row={row} index={item.index} top={item.start} />;
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

function Line({ row: { stream, view }, index, top }: { row: Row; index: number; top: number }) {
  const { t } = useTranslation('operator');
  const moments = useMoments();
  const matters = useQuery(mattersQuery);
  const names = view.view.matters.map((key) => matters.data?.find((matter) => matter.key === key)?.name ?? key);
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={classes.line}
      style={{ transform: `translateY(${top}px)`, height: ROW_PX }}
    >
      <div role="cell">
        <StateBadge row={view} />
        <Name size="xs" c="dimmed">
          {view.reason}
        </Name>
      </div>
      <div role="cell">
        <Anchor component={Link} to={`/operator/cameras/${stream.id}`} size="sm" fw={500} className={classes.link}>
          <Name>{stream.name}</Name>
        </Anchor>
        <Name size="xs" c="dimmed">
          {stream.code}
        </Name>
      </div>
      <div role="cell">
        <Name size="sm">{stream.location?.address ?? '—'}</Name>
        <Name size="xs" c="dimmed">
          {[stream.area, stream.location?.grid_cell].filter(Boolean).join(' · ')}
        </Name>
      </div>
      <div role="cell">
        <Name size="sm">{names.length > 0 ? names.join(t('and')) : t('cameras.no_matters')}</Name>
        <Anchor component={Link} to={`/operator/views/${view.view.id}`} size="xs" className={classes.link}>
          {t('cameras.zones', { count: view.zones })}
        </Anchor>
      </div>
      <div role="cell">
        <Text size="sm">{moments.short(view.latest_look?.ended)}</Text>
        <Text size="xs" c="dimmed">
          {view.revisit_s ? t('cameras.every', { span: moments.span(view.revisit_s * 1000) }) : ''}
        </Text>
      </div>
      <div role="cell">
        <Text size="sm">{t(`transport.${stream.transport}`)}</Text>
        <Text size="xs" c="dimmed">
          {t(stream.has_credential ? 'cameras.has_credential' : 'cameras.no_credential')}
        </Text>
      </div>
    </div>
  );
}
