import { Paper, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ListTable } from '@/components/list-table';
import { Name } from '@/components/name';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { NarrowingBar, useChosen } from './narrowing';
import { HourMap } from './plots/hour-map';
import { type HotPlace, useHotSpots } from './wire';

/** When and where most is found. */
export function HotSpotsPage() {
  const { t } = useTranslation('supervisor');
  const { narrowing } = useChosen();
  const spots = useHotSpots(narrowing);
  return (
    <Page title={t('hot_spots.title')}>
      <NarrowingBar />
      <ProblemText error={spots.error} />
      {spots.isPending && <Waiting />}
      {spots.data && (
        <>
          <Paper withBorder p="sm">
            <Text fw={600} size="sm" mb="xs" aria-hidden>
              {t('hot_spots.map')}
            </Text>
            <HourMap hours={spots.data.hours} />
          </Paper>
          <Places places={spots.data.places} />
        </>
      )}
    </Page>
  );
}

function Places({ places }: { places: HotPlace[] }) {
  const { t } = useTranslation('supervisor');
  if (places.length === 0) return <Text c="dimmed">{t('nothing')}</Text>;
  return (
    <ListTable
      label={t('hot_spots.places')}
      minWidth={640}
      withCaption
      columns={[
        t('dimension.stream'),
        t('dimension.grid_cell'),
        t('hot_spots.coordinates'),
        { name: t('column.found'), end: true },
        { name: t('column.recurrences'), end: true },
      ]}
    >
      {places.map((place) => (
        <Table.Tr key={place.view}>
          <Table.Th scope="row" fw={400} maw={320}>
            <Name>{place.stream_name}</Name>
          </Table.Th>
          <Table.Td>{place.grid_cell ?? '–'}</Table.Td>
          <Table.Td>
            {typeof place.longitude !== 'number' || typeof place.latitude !== 'number'
              ? '–'
              : `${place.longitude.toFixed(5)}, ${place.latitude.toFixed(5)}`}
          </Table.Td>
          <Table.Td ta="right">{place.found}</Table.Td>
          <Table.Td ta="right">{place.recurrences}</Table.Td>
        </Table.Tr>
      ))}
    </ListTable>
  );
}
