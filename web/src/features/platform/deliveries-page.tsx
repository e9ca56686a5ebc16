import { Anchor, Badge, Button, Group, SegmentedControl, Table, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useChanges } from '@/api/changes';
import { useMay } from '@/app/session/session';
import { announce } from '@/components/announce';
import { Moment } from '@/components/moment';
import { More } from '@/components/more';
import { ListTable } from '@/components/list-table';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { deliveriesQuery, DELIVERY_STATES, type DeliveryOut, type DeliveryState, platformQuery, replay } from './wire';

/** What the platform has to be told, by state. */
export function DeliveriesPage() {
  const { t } = useTranslation('platform');
  const [address, setAddress] = useSearchParams();
  const client = useQueryClient();
  const mayReplay = useMay('platform');
  const state: DeliveryState = DELIVERY_STATES.find((one) => one === address.get('state')) ?? 'pending';
  useChanges(['delivery.'], () => void client.invalidateQueries({ queryKey: ['deliveries'] }));
  const deliveries = useInfiniteQuery(deliveriesQuery(state));
  const platform = useQuery({ ...platformQuery, enabled: mayReplay });
  const rows = deliveries.data?.pages.flatMap((page) => page.items) ?? [];
  const counts = { pending: platform.data?.pending, dead: platform.data?.dead, delivered: undefined };
  return (
    <Page title={t('deliveries.title')}>
      <Group>
        <SegmentedControl
          size="xs"
          aria-label={t('deliveries.by_state')}
          value={state}
          onChange={(next) => setAddress({ state: next }, { replace: true })}
          data={DELIVERY_STATES.map((value) => ({
            value,
            label: counts[value] === undefined ? t(`state.${value}`) : `${t(`state.${value}`)} ${counts[value]}`,
          }))}
        />
        <Text size="sm" c="dimmed">
          {t(`deliveries.about_${state}`)}
        </Text>
      </Group>
      <ProblemText error={deliveries.error} />
      {deliveries.isPending && <Waiting />}
      {deliveries.data && rows.length === 0 && <Text c="dimmed">{t('deliveries.none')}</Text>}
      {rows.length > 0 && <Rows rows={rows} state={state} mayReplay={mayReplay} />}
      <More query={deliveries} />
    </Page>
  );
}

function Rows({ rows, state, mayReplay }: { rows: DeliveryOut[]; state: DeliveryState; mayReplay: boolean }) {
  const { t } = useTranslation('platform');
  return (
    <ListTable
      label={t('deliveries.title')}
      minWidth={860}
      columns={[
        t('deliveries.case'),
        t('deliveries.kind'),
        t('deliveries.created_at'),
        { name: t('deliveries.attempts'), end: true },
        t(state === 'pending' ? 'deliveries.next_at' : 'deliveries.ended_at'),
        t(state === 'delivered' ? 'deliveries.receipt' : 'deliveries.reason'),
        ...(state !== 'delivered' && mayReplay ? [t('deliveries.act')] : []),
      ]}
    >
      {rows.map((row) => (
        <Table.Tr key={row.id}>
          <Table.Th scope="row" fw={400}>
            <Anchor component={Link} to={`/platform/cases/${row.case}`} size="sm" title={row.case}>
              {row.case.slice(0, 8)}
            </Anchor>
          </Table.Th>
          <Table.Td>
            <KindOf delivery={row} />
          </Table.Td>
          <Table.Td>
            <Moment at={row.created_at} seconds />
          </Table.Td>
          <Table.Td ta="right">{row.attempts}</Table.Td>
          <Table.Td>
            <Moment at={state === 'pending' ? row.next_at : row.ended_at} seconds />
          </Table.Td>
          <Table.Td maw={420} style={{ overflowWrap: 'anywhere' }}>
            {state === 'delivered' ? (
              <>
                {row.platform_number ?? '–'}
                {row.repeated && ` (${t('deliveries.repeated')})`}
              </>
            ) : (
              (row.error ?? t('deliveries.not_tried'))
            )}
          </Table.Td>
          {state !== 'delivered' && mayReplay && (
            <Table.Td>
              <Replay delivery={row} />
            </Table.Td>
          )}
        </Table.Tr>
      ))}
    </ListTable>
  );
}

/** What the message says. */
export function KindOf({ delivery }: { delivery: DeliveryOut }) {
  const { t } = useTranslation('platform');
  const more =
    delivery.kind === 'recheck'
      ? t(delivery.cleared === true ? 'kind.cleared' : delivery.cleared === false ? 'kind.still_there' : 'kind.unseen')
      : delivery.kind === 'recurrence'
        ? t('kind.nth', { n: delivery.recurrence ?? 0 })
        : null;
  return (
    <Group gap={6} wrap="nowrap">
      <Badge variant="light" radius="sm" color={delivery.kind === 'report' ? 'accent' : 'gray'} tt="none">
        {t(`kind.${delivery.kind}`, { defaultValue: delivery.kind })}
      </Badge>
      {more}
    </Group>
  );
}

function Replay({ delivery }: { delivery: DeliveryOut }) {
  const { t } = useTranslation('platform');
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => replay(delivery.id),
    onSuccess: () => {
      announce(t('deliveries.replayed'));
      return Promise.all([
        client.invalidateQueries({ queryKey: ['deliveries'] }),
        client.invalidateQueries({ queryKey: platformQuery.queryKey }),
      ]);
    },
  });
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        loading={again.isPending}
        leftSection={<IconRefresh size={12} aria-hidden />}
        onClick={() => again.mutate()}
        aria-label={t('deliveries.replay_of', { case: delivery.case.slice(0, 8) })}
      >
        {t('deliveries.replay')}
      </Button>
      <ProblemText error={again.error} />
    </>
  );
}
