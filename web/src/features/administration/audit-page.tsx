import { Button, Code, Table, Text, TextInput } from '@mantine/core';
import { DatePickerInput } from '@mantine/dates';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { useSession } from '@/app/session/session';
import { offsetMs } from '@/components/city-time';
import { Filters as FilterGroup } from '@/components/filters';
import { Moment } from '@/components/moment';
import { More } from '@/components/more';
import { ListTable } from '@/components/list-table';
import { Name } from '@/components/name';
import { useDayProps } from '@/components/days';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { type AuditOut, auditQuery } from './wire';

const TEXTS = ['actor', 'action', 'subject'] as const;
const DAY_MS = 86_400_000;

/** Who did what to what, and when: newest first. */
export function AuditPage() {
  const { t } = useTranslation('administration');
  const [address] = useSearchParams();
  const { utc_offset } = useSession();
  const day = (name: string, plusDays: number) => {
    const ms = Date.parse(`${address.get(name) ?? ''}T00:00:00Z`);
    return Number.isNaN(ms) ? undefined : new Date(ms - offsetMs(utc_offset) + plusDays * DAY_MS).toISOString();
  };
  const audit = useInfiniteQuery(
    auditQuery({
      actor: address.get('actor') ?? undefined,
      action: address.get('action') ?? undefined,
      subject: address.get('subject') ?? undefined,
      from: day('from', 0),
      until: day('to', 1),
    }),
  );
  const rows = audit.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title={t('audit.title')}>
      <Filters key={address.toString()} />
      <ProblemText error={audit.error} />
      {audit.isPending && <Waiting />}
      {audit.data && rows.length === 0 && <Text c="dimmed">{t('audit.none')}</Text>}
      {rows.length > 0 && (
        <ListTable
          label={t('audit.title')}
          minWidth={860}
          isFixed
          columns={[
            { name: t('audit.at'), width: 160 },
            { name: t('audit.actor'), width: 150 },
            { name: t('audit.action'), width: 210 },
            { name: t('audit.subject'), width: 230 },
            t('audit.detail'),
          ]}
        >
          {rows.map((row) => (
            <Row key={row.seq} row={row} />
          ))}
        </ListTable>
      )}
      <More query={audit} />
    </Page>
  );
}

function Filters() {
  const { t } = useTranslation('administration');
  const dayProps = useDayProps();
  const [address, setAddress] = useSearchParams();
  const [texts, setTexts] = useState(() => Object.fromEntries(TEXTS.map((name) => [name, address.get(name) ?? ''])));
  const [days, setDays] = useState<[string | null, string | null]>([address.get('from'), address.get('to')]);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const [from, to] = days;
    const chosen = Object.entries({ ...texts, from: from ?? '', to: to ?? from ?? '' });
    setAddress(Object.fromEntries(chosen.filter(([, value]) => value.trim() !== '')), { replace: true });
  };
  return (
    <form onSubmit={submit}>
      <FilterGroup label={t('audit.filters')}>
        {TEXTS.map((name) => (
          <TextInput
            key={name}
            size="xs"
            w={name === 'subject' ? 250 : 170}
            label={t(`audit.${name}`)}
            placeholder={name === 'action' ? 'incident.confirmed' : ''}
            maxLength={200}
            value={texts[name] ?? ''}
            onChange={(change) => {
              const { value } = change.currentTarget;
              setTexts((before) => ({ ...before, [name]: value }));
            }}
          />
        ))}
        <DatePickerInput
          type="range"
          size="xs"
          w={220}
          label={t('audit.days')}
          clearable
          clearButtonProps={{ 'aria-label': t('audit.clear') }}
          allowSingleDateInRange
          {...dayProps}
          valueFormat="YYYY-MM-DD"
          value={days}
          onChange={([from, to]) => setDays([from, to])}
        />
        <Button type="submit" size="xs">
          {t('audit.search')}
        </Button>
        <Button size="xs" variant="default" onClick={() => setAddress({}, { replace: true })}>
          {t('audit.clear')}
        </Button>
      </FilterGroup>
    </form>
  );
}

function Row({ row }: { row: AuditOut }) {
  const { t } = useTranslation('administration');
  const detail = JSON.stringify(row.detail);
  // Keys of texts know no dots.
  const words = t(`action.${row.action.replaceAll('.', '_')}`, { defaultValue: '' });
  return (
    <Table.Tr>
      <Table.Td>
        <Moment at={row.at} seconds />
      </Table.Td>
      <Table.Td>
        <Name title={row.actor}>{row.actor_name}</Name>
      </Table.Td>
      <Table.Td>
        {words || row.action}
        {words && (
          <Text size="xs" c="dimmed">
            {row.action}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Name>{row.subject}</Name>
      </Table.Td>
      <Table.Td>{detail !== '{}' && <Code style={{ overflowWrap: 'anywhere' }}>{detail.slice(0, 400)}</Code>}</Table.Td>
    </Table.Tr>
  );
}
