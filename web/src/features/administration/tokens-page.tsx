import { Button, Modal, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { serverNow } from '@/app/session/clock';
import { announce } from '@/components/announce';
import { Moment } from '@/components/moment';
import { ListTable } from '@/components/list-table';
import { Name } from '@/components/name';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { RightsFields, RightsText } from './rights-fields';
import { ShownOnce } from './shown-once';
import { makeToken, removeToken, type Rights, type TokenOut, tokensQuery } from './wire';

const DAY_MS = 86_400_000;
/** Days that a token may live; null is for ever. */
const LIVES = ['30', '90', '365', 'never'] as const;

/** The keys of programs. */
export function TokensPage() {
  const { t } = useTranslation('administration');
  const client = useQueryClient();
  const tokens = useQuery(tokensQuery);
  const [open, setOpen] = useState(false);
  const [secret, setSecret] = useState<{ name: string; secret: string } | null>(null);
  const rows = tokens.data ?? [];
  const changed = () => client.invalidateQueries({ queryKey: tokensQuery.queryKey });
  return (
    <Page
      title={t('tokens.title')}
      aside={
        <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => setOpen(true)}>
          {t('tokens.add')}
        </Button>
      }
    >
      <Text size="sm" c="dimmed">
        {t('tokens.how')}
      </Text>
      {secret && (
        <ShownOnce
          title={t('tokens.secret_of', { name: secret.name })}
          text={t('tokens.secret_help')}
          secret={secret.secret}
        />
      )}
      <ProblemText error={tokens.error} />
      {tokens.isPending && <Waiting />}
      {tokens.data && rows.length === 0 && <Text c="dimmed">{t('tokens.none')}</Text>}
      {rows.length > 0 && (
        <ListTable
          label={t('tokens.title')}
          minWidth={860}
          columns={[
            t('tokens.name'),
            t('accounts.rights'),
            t('tokens.created'),
            t('tokens.expires_at'),
            t('tokens.last_used_at'),
            t('accounts.act'),
          ]}
        >
          {rows.map((token) => (
            <Row key={token.id} token={token} onRemoved={changed} />
          ))}
        </ListTable>
      )}
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={t('tokens.add')}
        closeButtonProps={{ 'aria-label': t('close') }}
      >
        <TokenForm
          onDone={async (made) => {
            setOpen(false);
            setSecret({ name: made.token.name, secret: made.secret });
            await changed();
          }}
        />
      </Modal>
    </Page>
  );
}

function Row({ token, onRemoved }: { token: TokenOut; onRemoved: () => Promise<void> }) {
  const { t } = useTranslation('administration');
  const remove = useMutation({
    mutationFn: () => removeToken(token.id),
    onSuccess: async () => {
      announce(t('tokens.removed'));
      await onRemoved();
    },
  });
  const ask = () =>
    modals.openConfirmModal({
      title: t('tokens.remove_title', { name: token.name }),
      children: <Text size="sm">{t('tokens.remove_text')}</Text>,
      labels: { confirm: t('tokens.remove'), cancel: t('cancel') },
      confirmProps: { color: 'red' },
      closeButtonProps: { 'aria-label': t('close') },
      onConfirm: () => remove.mutate(),
    });
  const expired = token.expires_at != null && Date.parse(token.expires_at) < serverNow();
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400} maw={220}>
        <Name>{token.name}</Name>
      </Table.Th>
      <Table.Td maw={320} style={{ overflowWrap: 'anywhere' }}>
        <RightsText rights={token} />
      </Table.Td>
      <Table.Td>
        <Moment at={token.created_at} />
        <br />
        <small>{token.created_by}</small>
      </Table.Td>
      <Table.Td>
        {token.expires_at == null ? t('tokens.never') : <Moment at={token.expires_at} />}
        {expired && ` · ${t('tokens.expired')}`}
      </Table.Td>
      <Table.Td>{token.last_used_at == null ? t('tokens.unused') : <Moment at={token.last_used_at} />}</Table.Td>
      <Table.Td>
        <Button size="compact-xs" variant="default" loading={remove.isPending} onClick={ask}>
          {t('tokens.remove')}
        </Button>
        <ProblemText error={remove.error} />
      </Table.Td>
    </Table.Tr>
  );
}

function TokenForm({ onDone }: { onDone: (made: { token: TokenOut; secret: string }) => Promise<void> }) {
  const { t } = useTranslation('administration');
  const [name, setName] = useState('');
  const [life, setLife] = useState<string>('90');
  const [rights, setRights] = useState<Rights>({ roles: ['platform'], areas: null, may_unmask: false });
  const [tried, setTried] = useState(false);
  const make = useMutation({
    mutationFn: () =>
      makeToken({
        name: name.trim(),
        ...rights,
        expires_at: life === 'never' ? null : new Date(serverNow() + Number(life) * DAY_MS).toISOString(),
      }),
    onSuccess: onDone,
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTried(true);
    if (name.trim() !== '' && rights.roles.length > 0) make.mutate();
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          label={t('tokens.name')}
          description={t('tokens.name_help')}
          withAsterisk
          maxLength={64}
          autoComplete="off"
          data-autofocus
          value={name}
          error={tried && name.trim() === '' ? t('accounts.missing') : null}
          onChange={(change) => setName(change.currentTarget.value)}
        />
        <Select
          label={t('tokens.life')}
          allowDeselect={false}
          value={life}
          onChange={(value) => setLife(value ?? '90')}
          data={LIVES.map((value) => ({ value, label: t(`tokens.life_${value}`) }))}
        />
        <RightsFields
          rights={rights}
          onChange={setRights}
          error={tried && rights.roles.length === 0 ? t('rights.no_role') : null}
        />
        <ProblemText error={make.error} />
        <Button type="submit" loading={make.isPending}>
          {t('tokens.make')}
        </Button>
      </Stack>
    </form>
  );
}
