import { Alert, Button, Group, Menu, SegmentedControl, SimpleGrid } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { Facts } from '@/components/facts';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { NarrowingBar, useChosen } from './narrowing';
import { interval, limitShare, percent } from './numbers';
import { useNamed, useSpan } from './words';
import { Plots } from './plots';
import { RowsTable } from './rows-table';
import { type Dimension, DIMENSIONS, exportAddress, type StatisticsRow, useStatistics } from './wire';

function useDimension(): [Dimension, (by: string) => void] {
  const [address, setAddress] = useSearchParams();
  const by = DIMENSIONS.find((dimension) => dimension === address.get('by')) ?? 'matter';
  return [by, (next) => setAddress((before) => (before.set('by', next), before), { replace: true })];
}

/** What was found, what became of it, how well and how fast. */
export function StatisticsPage() {
  const { t } = useTranslation('supervisor');
  const { narrowing } = useChosen();
  const [by, setBy] = useDimension();
  const statistics = useStatistics(by, narrowing);
  const named = useNamed();
  const rows = statistics.data ? named(statistics.data.by, statistics.data.rows) : [];
  return (
    <Page title={t('statistics.title')} aside={<Export by={by} />}>
      <Group justify="space-between" align="flex-end" gap="sm">
        <NarrowingBar />
        <SegmentedControl
          size="xs"
          aria-label={t('statistics.by')}
          value={by}
          onChange={setBy}
          data={DIMENSIONS.map((value) => ({ value, label: t(`dimension.${value}`) }))}
        />
      </Group>
      <ProblemText error={statistics.error} />
      {statistics.isPending && <Waiting />}
      {statistics.data && (
        <>
          <Total row={statistics.data.total} />
          {statistics.data.total.found === 0 ? (
            <Alert variant="light" title={t('nothing')}>
              {t('statistics.widen')}
            </Alert>
          ) : (
            <>
              <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
                <Plots by={statistics.data.by} rows={rows} total={statistics.data.total} />
              </SimpleGrid>
              <RowsTable by={statistics.data.by} rows={rows} total={statistics.data.total} />
            </>
          )}
        </>
      )}
    </Page>
  );
}

function Total({ row }: { row: StatisticsRow }) {
  const { t } = useTranslation('supervisor');
  const span = useSpan();
  const [value, range] = interval(row.precision).split(' ');
  return (
    <Facts
      label={t('statistics.total')}
      facts={[
        { name: t('column.found'), value: row.found, more: t('statistics.waiting', { count: row.waiting }) },
        { name: t('column.confirmed'), value: row.confirmed },
        { name: t('column.rejected'), value: row.rejected, more: t('statistics.duplicate', { count: row.duplicate }) },
        { name: t('column.precision'), value, more: range ?? t('statistics.no_precision') },
        {
          name: t('column.review_ms_p50'),
          value: span(row.review_ms_p50),
          more: t('statistics.p90', { time: span(row.review_ms_p90) }),
        },
        {
          name: t('column.limit_share'),
          value: percent(limitShare(row)),
          more: t('statistics.limits', { missed: row.limit_missed, running: row.limit_running }),
        },
        { name: t('column.recurrences'), value: row.recurrences },
      ]}
    />
  );
}

function Export({ by }: { by: Dimension }) {
  const { t } = useTranslation('supervisor');
  const { narrowing } = useChosen();
  const query = { ...narrowing };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<IconDownload size={14} aria-hidden />}>
          {t('export.title')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t('export.recorded')}</Menu.Label>
        {(['statistics', 'incidents'] as const).flatMap((what) =>
          (['xlsx', 'csv'] as const).map((format) => (
            <Menu.Item
              key={`${what} ${format}`}
              component="a"
              href={exportAddress(what, format, what === 'statistics' ? { by, ...query } : query)}
              download
            >
              {t(`export.${what}`)} · {format.toUpperCase()}
            </Menu.Item>
          )),
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
