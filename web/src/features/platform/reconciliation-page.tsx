import { Accordion, Anchor, Badge, Button, Group, List, Text } from '@mantine/core';
import { DatePickerInput } from '@mantine/dates';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useMatterName } from '@/components/matters';
import { serverNow } from '@/app/session/clock';
import { useMay, useSession } from '@/app/session/session';
import { announce } from '@/components/announce';
import { cityTime } from '@/components/city-time';
import { Moment } from '@/components/moment';
import { More } from '@/components/more';
import { useDayProps } from '@/components/days';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { reconcile, type ReconciliationOut, reconciliationsQuery } from './wire';

/** Ours against theirs, day by day: what is missing where. */
export function ReconciliationPage() {
  const { t } = useTranslation('platform');
  const mayRun = useMay('platform');
  const days = useInfiniteQuery(reconciliationsQuery);
  const rows = days.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title={t('reconciliation.title')} aside={mayRun && <RunNow />}>
      <Text size="sm" c="dimmed">
        {t('reconciliation.how')}
      </Text>
      <ProblemText error={days.error} />
      {days.isPending && <Waiting />}
      {days.data && rows.length === 0 && <Text c="dimmed">{t('reconciliation.none')}</Text>}
      {rows.length > 0 && (
        <Accordion variant="contained" multiple bg="var(--mantine-color-body)" order={2}>
          {rows.map((row) => (
            <Day key={row.day} row={row} />
          ))}
        </Accordion>
      )}
      <More query={days} />
    </Page>
  );
}

function RunNow() {
  const { t } = useTranslation('platform');
  const dayProps = useDayProps();
  const { utc_offset } = useSession();
  const client = useQueryClient();
  const today = cityTime(new Date(serverNow()).toISOString(), utc_offset).slice(0, 10);
  const [day, setDay] = useState<string | null>(today);
  const run = useMutation({
    mutationFn: reconcile,
    onSuccess: (row) => {
      announce(t(row.ok ? 'reconciliation.ran_ok' : 'reconciliation.ran_differs', { day: row.day }));
      return client.invalidateQueries({ queryKey: reconciliationsQuery.queryKey });
    },
  });
  return (
    <Group gap="xs">
      <ProblemText error={run.error} />
      <DatePickerInput
        size="xs"
        w={130}
        aria-label={t('reconciliation.day')}
        {...dayProps}
        valueFormat="YYYY-MM-DD"
        maxDate={today}
        value={day}
        onChange={setDay}
      />
      <Button
        size="xs"
        loading={run.isPending}
        disabled={day === null}
        onClick={() => day && run.mutate(day.slice(0, 10))}
      >
        {t('reconciliation.run')}
      </Button>
    </Group>
  );
}

function Day({ row }: { row: ReconciliationOut }) {
  const matterName = useMatterName();
  const { t } = useTranslation('platform');
  const differences = row.missing_there.length + row.unknown_here.length + row.stage_differs.length;
  return (
    <Accordion.Item value={row.day}>
      <Accordion.Control>
        <Group gap="sm">
          <Text fw={600}>{row.day}</Text>
          <Badge variant="light" radius="sm" tt="none" color={row.error ? 'red' : row.ok ? 'teal' : 'orange'}>
            {row.error
              ? t('reconciliation.failed')
              : row.ok
                ? t('reconciliation.ok')
                : t('reconciliation.differs', { count: differences })}
          </Badge>
          <Text size="sm" c="dimmed">
            {t('reconciliation.counts', { ours: row.ours, theirs: row.theirs ?? '–' })}
            {row.on_the_way > 0 && t('reconciliation.on_the_way', { count: row.on_the_way })}
          </Text>
          <Text size="xs" c="dimmed">
            {t('reconciliation.ran_at')} <Moment at={row.ran_at} seconds />
          </Text>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        {row.error && <Text size="sm">{row.error}</Text>}
        {!row.error && differences === 0 && <Text size="sm">{t('reconciliation.all_same')}</Text>}
        {row.missing_there.length > 0 && (
          <Difference title={t('reconciliation.missing_there', { count: row.missing_there.length })}>
            {row.missing_there.map((one) => (
              <List.Item key={one.case}>
                <CaseLink id={one.case} /> {matterName(one.matter_name)} · <Moment at={one.opened_at} />
              </List.Item>
            ))}
          </Difference>
        )}
        {row.unknown_here.length > 0 && (
          <Difference title={t('reconciliation.unknown_here', { count: row.unknown_here.length })}>
            {row.unknown_here.map((one) => (
              <List.Item key={one} style={{ overflowWrap: 'anywhere' }}>
                {one}
              </List.Item>
            ))}
          </Difference>
        )}
        {row.stage_differs.length > 0 && (
          <Difference title={t('reconciliation.stage_differs', { count: row.stage_differs.length })}>
            {row.stage_differs.map((one) => (
              <List.Item key={one.case}>
                <CaseLink id={one.case} />{' '}
                {t('reconciliation.stages', {
                  ours: t(`stage.${one.ours}`, { defaultValue: one.ours }),
                  theirs: t(`stage.${one.theirs}`, { defaultValue: one.theirs }),
                })}
              </List.Item>
            ))}
          </Difference>
        )}
      </Accordion.Panel>
    </Accordion.Item>
  );
}

function Difference({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <>
      <Text size="sm" fw={600} mt="xs">
        {title}
      </Text>
      <List size="sm">{children}</List>
    </>
  );
}

function CaseLink({ id }: { id: string }) {
  return (
    <Anchor component={Link} to={`/platform/cases/${id}`} size="sm" title={id}>
      {id.slice(0, 8)}
    </Anchor>
  );
}
