import { Group, Paper, SegmentedControl, Table, Text } from '@mantine/core';
import { type ReactNode, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import './plots.css';

interface Props {
  title: string;
  /** One sentence of what the plot shows, for who cannot see it. */
  summary: string;
  head: string[];
  rows: (string | number)[][];
  children: ReactNode;
}

/** A plot and, one key away, the same as a table. */
export function Figure({ title, summary, head, rows, children }: Props) {
  const { t } = useTranslation('supervisor');
  const [shape, setShape] = useState('plot');
  const name = useId();
  return (
    <Paper component="figure" withBorder m={0} p="sm" aria-labelledby={name}>
      <Group justify="space-between" wrap="nowrap" mb="xs">
        <Text component="figcaption" id={name} fw={600} size="sm">
          {title}
        </Text>
        <SegmentedControl
          size="xs"
          value={shape}
          onChange={setShape}
          aria-label={t('plots.shape', { title })}
          data={[
            { value: 'plot', label: t('plots.plot') },
            { value: 'table', label: t('plots.table') },
          ]}
        />
      </Group>
      {rows.length === 0 ? (
        <Text size="sm" c="dimmed" py="lg" ta="center">
          {t('nothing')}
        </Text>
      ) : shape === 'plot' ? (
        <div role="img" aria-label={summary}>
          {children}
        </div>
      ) : (
        <Table.ScrollContainer minWidth={320} mah={320} type="native" tabIndex={0} role="region" aria-label={title}>
          <Table fz="xs" striped withRowBorders={false}>
            <Table.Thead>
              <Table.Tr>
                {head.map((word) => (
                  <Table.Th key={word} scope="col">
                    {word}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(([first, ...others], index) => (
                <Table.Tr key={index}>
                  <Table.Th scope="row" fw={400} style={{ overflowWrap: 'anywhere' }}>
                    {first}
                  </Table.Th>
                  {others.map((cell, column) => (
                    <Table.Td key={column} ta="right">
                      {cell}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Paper>
  );
}
