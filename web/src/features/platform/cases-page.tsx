import { Anchor, Badge, Group, Select, Table, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';
import { useMatterName } from '@/components/matters';
import { useChanges } from '@/api/changes';
import { areasQuery } from '@/api/areas';
import { serverNow } from '@/app/session/clock';
import { Moment } from '@/components/moment';
import { More } from '@/components/more';
import { Name } from '@/components/name';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { type CaseOut, casesQuery, type Stage, STAGES } from './wire';

const COLOURS: Record<Stage, string> = {
  filed: 'gray',
  accepted: 'accent',
  dispatched: 'accent',
  handled: 'accent',
  closed: 'gray',
  rejected: 'orange',
  cancelled: 'orange',
};

/** The stage of a case in the platform's words. */
export function StageBadge({ stage }: { stage: Stage }) {
  const { t } = useTranslation('platform');
  return (
    <Badge variant="light" radius="sm" color={COLOURS[stage]} tt="none">
      {t(`stage.${stage}`)}
    </Badge>
  );
}

const isOver = (one: CaseOut) => one.stage === 'closed' || one.stage === 'rejected' || one.stage === 'cancelled';

/** Cases, newest first. */
export function CasesPage() {
  const { t } = useTranslation('platform');
  const [address, setAddress] = useSearchParams();
  const client = useQueryClient();
  useChanges(['case.'], () => void client.invalidateQueries({ queryKey: ['cases'] }));
  const stage = STAGES.find((one) => one === address.get('stage')) ?? null;
  const area = address.get('area');
  const cases = useInfiniteQuery(casesQuery(stage, area));
  const areas = useQuery(areasQuery);
  const rows = cases.data?.pages.flatMap((page) => page.items) ?? [];
  const set = (name: string, value: string | null) =>
    setAddress(
      (before) => {
        if (value) before.set(name, value);
        else before.delete(name);
        return before;
      },
      { replace: true },
    );
  return (
    <Page title={t('cases.title')}>
      <Group gap="xs" role="search" aria-label={t('cases.filters')}>
        <Select
          size="xs"
          w={180}
          label={t('cases.stage')}
          placeholder={t('cases.all')}
          clearable
          clearButtonProps={{ 'aria-label': t('cases.clear') }}
          data={STAGES.map((value) => ({ value, label: t(`stage.${value}`) }))}
          value={stage}
          onChange={(value) => set('stage', value)}
        />
        <Select
          size="xs"
          w={180}
          label={t('cases.area')}
          placeholder={t('cases.all')}
          clearable
          searchable
          clearButtonProps={{ 'aria-label': t('cases.clear') }}
          data={(areas.data ?? []).map((one) => one.name)}
          value={area}
          onChange={(value) => set('area', value)}
        />
      </Group>
      <ProblemText error={cases.error} />
      {cases.isPending && <Waiting />}
      {cases.data && rows.length === 0 && <Text c="dimmed">{t('cases.none')}</Text>}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={900} type="native" tabIndex={0} role="region" aria-label={t('cases.title')}>
          <Table fz="sm" striped bg="var(--mantine-color-body)" withTableBorder>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">{t('cases.number')}</Table.Th>
                <Table.Th scope="col">{t('cases.matter')}</Table.Th>
                <Table.Th scope="col">{t('cases.where')}</Table.Th>
                <Table.Th scope="col">{t('cases.stage')}</Table.Th>
                <Table.Th scope="col">{t('cases.opened_at')}</Table.Th>
                <Table.Th scope="col">{t('cases.due_at')}</Table.Th>
                <Table.Th scope="col">{t('cases.confirmed_by')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Row key={row.id} row={row} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <More query={cases} />
    </Page>
  );
}

function Row({ row }: { row: CaseOut }) {
  const matterName = useMatterName();
  const { t } = useTranslation('platform');
  const late = !isOver(row) && row.due_at !== null && row.due_at !== undefined && Date.parse(row.due_at) < serverNow();
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400}>
        <Anchor component={Link} to={`/platform/cases/${row.id}`} size="sm" title={row.id}>
          {row.platform_number ?? row.id.slice(0, 8)}
        </Anchor>
      </Table.Th>
      <Table.Td>
        {matterName(row.matter_name)}{' '}
        <Text span size="xs" c="dimmed">
          {row.code_2026}
        </Text>
      </Table.Td>
      <Table.Td maw={280}>
        <Name>{row.location?.address ?? '–'}</Name>
      </Table.Td>
      <Table.Td>
        <StageBadge stage={row.stage} />
      </Table.Td>
      <Table.Td>
        <Moment at={row.opened_at} />
      </Table.Td>
      <Table.Td c={late ? 'var(--mantine-color-error)' : undefined} fw={late ? 600 : undefined}>
        <Moment at={row.due_at} />
        {late && ` ${t('cases.late')}`}
      </Table.Td>
      <Table.Td maw={160}>
        <Name>{row.confirmed_by_name}</Name>
      </Table.Td>
    </Table.Tr>
  );
}
