import { Table, UnstyledButton } from '@mantine/core';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Name } from '@/components/name';
import { Level } from './level';
import { interval, limitShare, percent } from './numbers';
import { useSpan } from './words';
import type { Dimension, StatisticsRow } from './wire';

type Span = (ms: number | null | undefined) => string;

/** A column: how it is ordered and how it is written. */
const COLUMNS: {
  key: string;
  order: (row: StatisticsRow) => number;
  text: (row: StatisticsRow, span: Span) => string | number;
}[] = [
  ...(['found', 'confirmed', 'rejected', 'duplicate', 'waiting'] as const).map((key) => count(key)),
  { key: 'precision', order: (row) => row.precision?.value ?? -1, text: (row) => interval(row.precision) },
  ...(['review_ms_p50', 'review_ms_p90'] as const).map((key) => ({
    key,
    order: (row: StatisticsRow) => row[key] ?? -1,
    text: (row: StatisticsRow, span: Span) => span(row[key]),
  })),
  { key: 'limit_share', order: (row) => limitShare(row) ?? -1, text: (row) => percent(limitShare(row)) },
  ...(['limit_missed', 'recurrences'] as const).map((key) => count(key)),
];

function count(key: 'found' | 'confirmed' | 'rejected' | 'duplicate' | 'waiting' | 'limit_missed' | 'recurrences') {
  return { key, order: (row: StatisticsRow) => row[key], text: (row: StatisticsRow) => row[key] };
}

interface Props {
  by: Dimension;
  rows: StatisticsRow[];
  total: StatisticsRow;
}

/** All numbers of all rows. */
export function RowsTable({ by, rows, total }: Props) {
  const { t } = useTranslation('supervisor');
  const span = useSpan();
  const [order, setOrder] = useState<{ key: string; down: boolean } | null>(null);
  const column = COLUMNS.find(({ key }) => key === order?.key);
  const ordered = column
    ? [...rows].sort((a, b) => (order?.down ? -1 : 1) * (column.order(a) - column.order(b)))
    : rows;
  return (
    <Table.ScrollContainer minWidth={960} type="native" tabIndex={0} role="region" aria-label={t('statistics.table')}>
      <Table fz="sm" striped bg="var(--mantine-color-body)" withTableBorder>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t(`dimension.${by}`)}</Table.Th>
            {COLUMNS.map(({ key }) => {
              const down = order?.key === key ? order.down : null;
              return (
                <Table.Th
                  key={key}
                  scope="col"
                  ta="right"
                  aria-sort={down === null ? 'none' : down ? 'descending' : 'ascending'}
                >
                  <UnstyledButton fz="sm" fw={600} onClick={() => setOrder({ key, down: down !== true })}>
                    {t(`column.${key}`)}
                    {down === true && <IconChevronDown size={12} aria-hidden />}
                    {down === false && <IconChevronUp size={12} aria-hidden />}
                  </UnstyledButton>
                </Table.Th>
              );
            })}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {ordered.map((row) => (
            <Table.Tr key={row.key}>
              <Table.Th scope="row" fw={400} maw={260}>
                <Name>{row.name || t('nameless')}</Name>
                {by === 'matter' && <Level matter={row.key} />}
              </Table.Th>
              {COLUMNS.map(({ key, text }) => (
                <Table.Td key={key} ta="right">
                  {text(row, span)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
        <Table.Tfoot>
          <Table.Tr>
            <Table.Th scope="row">{t('statistics.sum')}</Table.Th>
            {COLUMNS.map(({ key, text }) => (
              <Table.Th key={key} ta="right">
                {text(total, span)}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Tfoot>
      </Table>
    </Table.ScrollContainer>
  );
}
