import { Alert, Anchor, Grid, Group, Paper, Table, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { useLimitText } from '@/components/limit';
import { useMatterName } from '@/components/matters';
import { useChanges } from '@/api/changes';
import type { Schemas } from '@/api/client';
import { Moment } from '@/components/moment';
import { ListTable } from '@/components/list-table';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { CaseTimeline } from './case-timeline';
import { StageBadge } from './cases-page';
import { KindOf } from './deliveries-page';
import { RecheckPair } from './recheck-pair';
import { caseQuery, type DeliveryOut, timelineQuery } from './wire';

/** A case's whole life on one page. */
export function CasePage() {
  const { t } = useTranslation('platform');
  const { id = '' } = useParams();
  const client = useQueryClient();
  useChanges(['case.', 'delivery.', 'incident.'], (change) => {
    if (change === 'reload' || change.topic.startsWith('delivery.') || change.subject === id) {
      void client.invalidateQueries({ queryKey: ['cases', id] });
    }
  });
  const detail = useQuery(caseQuery(id));
  const timeline = useQuery(timelineQuery(id));
  const number = detail.data?.case.platform_number ?? id.slice(0, 8);
  return (
    <Page
      title={t('case.title', { number })}
      aside={
        <Anchor component={Link} to="/platform/cases" size="sm">
          {t('case.all')}
        </Anchor>
      }
    >
      <ProblemText error={detail.error ?? timeline.error} />
      {detail.isPending && <Waiting />}
      {detail.data && (
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 5 }}>
            <Facts detail={detail.data} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 7 }}>
            <RecheckPair deliveries={detail.data.deliveries} />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 5 }}>
            <Paper withBorder p="md">
              <Title order={2} size="h5" mb="sm">
                {t('case.life')}
              </Title>
              {timeline.data && <CaseTimeline moments={timeline.data.items} />}
            </Paper>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 7 }}>
            <Deliveries rows={detail.data.deliveries} />
          </Grid.Col>
        </Grid>
      )}
    </Page>
  );
}

function Facts({ detail }: { detail: Schemas['CaseDetailOut'] }) {
  const matterName = useMatterName();
  const limitText = useLimitText();
  const { t } = useTranslation('platform');
  const { case: one, incident } = detail;
  const rows: [string, React.ReactNode][] = [
    [t('cases.matter'), `${matterName(one.matter_name)} ${one.code_2026}${one.code_2013 ? ` / ${one.code_2013}` : ''}`],
    [t('cases.stage'), <StageBadge key="stage" stage={one.stage} />],
    [t('cases.where'), <bdi key="where">{one.location?.address || '–'}</bdi>],
    [t('case.grid_cell'), one.location?.grid_cell ?? '–'],
    [t('cases.confirmed_by'), <bdi key="by">{one.confirmed_by_name}</bdi>],
    [t('cases.opened_at'), <Moment key="opened" at={one.opened_at} seconds />],
    [
      t('cases.due_at'),
      <Group key="due" gap={6}>
        <Moment at={one.due_at} />
        {one.limit && (
          <Text span size="xs" c="dimmed">
            {limitText(one.limit)}
          </Text>
        )}
      </Group>,
    ],
    [t('case.recurrences'), incident.recurrences],
    [
      t('case.incident'),
      <Anchor key="incident" component={Link} to={`/review/${incident.id}`} size="sm">
        {incident.id.slice(0, 8)}
      </Anchor>,
    ],
  ];
  return (
    <Paper withBorder p="sm">
      <Table variant="vertical" layout="fixed" fz="sm" withRowBorders={false}>
        <Table.Tbody>
          {rows.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" w={120}>
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}

function Deliveries({ rows }: { rows: DeliveryOut[] }) {
  const { t } = useTranslation('platform');
  const dead = rows.filter((row) => row.state === 'dead');
  return (
    <>
      {dead.length > 0 && (
        <Alert color="orange" mb="sm" title={t('case.dead', { count: dead.length })}>
          {dead.map((row) => (
            <Text key={row.id} size="sm" style={{ overflowWrap: 'anywhere' }}>
              {row.error}
            </Text>
          ))}
        </Alert>
      )}
      <ListTable
        label={t('case.deliveries')}
        minWidth={520}
        withCaption
        columns={[
          t('deliveries.kind'),
          t('case.state'),
          { name: t('deliveries.attempts'), end: true },
          t('deliveries.created_at'),
          t('deliveries.ended_at'),
        ]}
      >
        {rows.map((row) => (
          <Table.Tr key={row.id}>
            <Table.Td>
              <KindOf delivery={row} />
            </Table.Td>
            <Table.Td>{t(`state.${row.state}`, { defaultValue: row.state })}</Table.Td>
            <Table.Td ta="right">{row.attempts}</Table.Td>
            <Table.Td>
              <Moment at={row.created_at} seconds />
            </Table.Td>
            <Table.Td>
              <Moment at={row.ended_at} seconds />
            </Table.Td>
          </Table.Tr>
        ))}
      </ListTable>
    </>
  );
}
