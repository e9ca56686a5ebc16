import { Alert, Anchor, Paper, Table, Text } from '@mantine/core';
import { IconPlayerPause } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useChanges } from '@/api/changes';
import { Facts } from '@/components/facts';
import { Moment } from '@/components/moment';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { type PlatformOut, platformQuery } from './wire';

/** Whether every case arrives, and whether the platform speaks to us. */
export function OverviewPage() {
  const { t } = useTranslation('platform');
  const client = useQueryClient();
  useChanges(['delivery.', 'case.'], () => void client.invalidateQueries({ queryKey: platformQuery.queryKey }));
  const platform = useQuery(platformQuery);
  return (
    <Page title={t('overview.title')}>
      <ProblemText error={platform.error} />
      {platform.isPending && <Waiting />}
      {platform.data && <State platform={platform.data} />}
    </Page>
  );
}

function State({ platform }: { platform: PlatformOut }) {
  const { t } = useTranslation('platform');
  return (
    <>
      {!platform.configured && (
        <Alert color="yellow" title={t('overview.not_configured')}>
          {t('overview.how_to_configure')}
        </Alert>
      )}
      {platform.pause && (
        <Alert color="orange" icon={<IconPlayerPause aria-hidden />} title={t('overview.paused')}>
          <Text size="sm">
            {t('overview.paused_since')} <Moment at={platform.pause.since} seconds />
            {t('overview.next_probe')} <Moment at={platform.pause.probe_at} seconds />
          </Text>
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {t('overview.why')}
            {platform.pause.why}
          </Text>
        </Alert>
      )}
      <Facts
        label={t('overview.deliveries')}
        facts={[
          {
            name: t('state.pending'),
            value: (
              <Anchor component={Link} to="/platform/deliveries?state=pending" inherit>
                {platform.pending}
              </Anchor>
            ),
          },
          {
            name: t('state.dead'),
            value: (
              <Anchor component={Link} to="/platform/deliveries?state=dead" inherit>
                {platform.dead}
              </Anchor>
            ),
            more: platform.dead > 0 ? t('overview.dead_help') : t('overview.dead_none'),
          },
          { name: t('overview.delivered_today'), value: platform.delivered_today },
          { name: t('overview.callbacks'), value: platform.callbacks },
        ]}
      />
      <Paper withBorder p="sm">
        <Table variant="vertical" layout="fixed" fz="sm" withRowBorders={false}>
          <Table.Tbody>
            <Row name={t('overview.kind')}>{platform.kind ? t(`overview.kind_${platform.kind}`) : '–'}</Row>
            <Row name={t('overview.host')}>{platform.host ?? '–'}</Row>
            <Row name={t('overview.key')}>{platform.key_id ?? '–'}</Row>
            <Row name={t('overview.key_last_use')}>
              <Moment at={platform.last_callback_at} seconds />
            </Row>
            <Row name={t('overview.last_delivered')}>
              <Moment at={platform.last_delivered_at} seconds />
            </Row>
          </Table.Tbody>
        </Table>
      </Paper>
    </>
  );
}

function Row({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w={220}>
        {name}
      </Table.Th>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{children}</Table.Td>
    </Table.Tr>
  );
}
