import { Anchor, Badge, Table, Text } from '@mantine/core';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useMatterName } from '@/components/matters';
import { useChanges } from '@/api/changes';
import { areasQuery } from '@/api/areas';
import { serverNow } from '@/app/session/clock';
import { FilterChoice, Filters, useAddress } from '@/components/filters';
import { Moment } from '@/components/moment';
import { More } from '@/components/more';
import { ListTable } from '@/components/list-table';
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
  const [address, set] = useAddress();
  const client = useQueryClient();
  useChanges(['case.'], () => void client.invalidateQueries({ queryKey: ['cases'] }));
  const stage = STAGES.find((one) => one === address.get('stage')) ?? null;
  const area = address.get('area');
  const cases = useInfiniteQuery(casesQuery(stage, area));
  const areas = useQuery(areasQuery);
  const rows = cases.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title={t('cases.title')}>
      <Filters label={t('cases.filters')}>
        <FilterChoice
          label={t('cases.stage')}
          all={t('cases.all')}
          options={STAGES.map((value) => ({ value, label: t(`stage.${value}`) }))}
          value={stage}
          onChoose={(stage) => set({ stage })}
        />
        <FilterChoice
          label={t('cases.area')}
          all={t('cases.all')}
          options={(areas.data ?? []).map((one) => one.name)}
          value={area}
          onChoose={(area) => set({ area })}
          isSearched
        />
      </Filters>
      <ProblemText error={cases.error} />
      {cases.isPending && <Waiting />}
      {cases.data && rows.length === 0 && <Text c="dimmed">{t('cases.none')}</Text>}
      {rows.length > 0 && (
        <ListTable
          label={t('cases.title')}
          minWidth={900}
          columns={[
            t('cases.number'),
            t('cases.matter'),
            t('cases.where'),
            t('cases.stage'),
            t('cases.opened_at'),
            t('cases.due_at'),
            t('cases.confirmed_by'),
          ]}
        >
          {rows.map((row) => (
            <Row key={row.id} row={row} />
          ))}
        </ListTable>
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
