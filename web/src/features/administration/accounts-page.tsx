import { Badge, Button, Group, Modal, Table, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/app/session/session';
import { announce } from '@/components/announce';
import { Moment } from '@/components/moment';
import { ListTable } from '@/components/list-table';
import { Name } from '@/components/name';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { AccountForm } from './account-form';
import { RightsText } from './rights-fields';
import { ShownOnce } from './shown-once';
import { type AccountOut, accountsQuery, changeAccount, inviteAnew } from './wire';

/** What is open beside the list: nothing, a new account, or one that is changed. */
type Open = { kind: 'new' } | { kind: 'change'; account: AccountOut } | null;

/** Who may come in, and to do what. */
export function AccountsPage() {
  const { t } = useTranslation('administration');
  const client = useQueryClient();
  const accounts = useQuery(accountsQuery);
  const [open, setOpen] = useState<Open>(null);
  const [invited, setInvited] = useState<{ name: string; link: string } | null>(null);
  const rows = accounts.data ?? [];
  const changed = () => client.invalidateQueries({ queryKey: accountsQuery.queryKey });
  const showLink = (name: string, path: string) => setInvited({ name, link: new URL(path, location.origin).href });
  return (
    <Page
      title={t('accounts.title')}
      aside={
        <Button size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={() => setOpen({ kind: 'new' })}>
          {t('accounts.add')}
        </Button>
      }
    >
      {invited && (
        <ShownOnce
          title={t('accounts.invitation_of', { name: invited.name })}
          text={t('accounts.invitation_help')}
          secret={invited.link}
        />
      )}
      <ProblemText error={accounts.error} />
      {accounts.isPending && <Waiting />}
      {rows.length > 0 && (
        <ListTable
          label={t('accounts.title')}
          minWidth={860}
          columns={[
            t('accounts.name'),
            t('accounts.display_name'),
            t('accounts.rights'),
            t('accounts.last_seen_at'),
            t('accounts.act'),
          ]}
        >
          {rows.map((account) => (
            <Row
              key={account.id}
              account={account}
              onChange={() => setOpen({ kind: 'change', account })}
              onChanged={changed}
              onInvited={(path) => showLink(account.display_name, path)}
            />
          ))}
        </ListTable>
      )}
      <Modal
        opened={open !== null}
        onClose={() => setOpen(null)}
        title={t(open?.kind === 'change' ? 'accounts.change' : 'accounts.add')}
        closeButtonProps={{ 'aria-label': t('close') }}
      >
        {open && (
          <AccountForm
            account={open.kind === 'change' ? open.account : null}
            onDone={async (made) => {
              setOpen(null);
              if (made.invitation) showLink(made.account.display_name, made.invitation);
              announce(t('accounts.saved'));
              await changed();
            }}
          />
        )}
      </Modal>
    </Page>
  );
}

interface RowProps {
  account: AccountOut;
  onChange: () => void;
  onChanged: () => Promise<void>;
  onInvited: (path: string) => void;
}

function Row({ account, onChange, onChanged, onInvited }: RowProps) {
  const { t } = useTranslation('administration');
  const isMe = useSession().account.id === account.id;
  const invite = useMutation({
    mutationFn: () => inviteAnew(account.id),
    onSuccess: ({ invitation }) => onInvited(invitation),
  });
  const able = useMutation({
    mutationFn: (disabled: boolean) => changeAccount(account.id, { disabled }),
    onSuccess: onChanged,
  });
  const renew = useMutation({
    mutationFn: () => changeAccount(account.id, { must_change_password: true }),
    onSuccess: onChanged,
  });
  const ask = (key: 'invite' | 'renew' | 'disable', act: () => void) =>
    modals.openConfirmModal({
      title: t(`accounts.${key}_title`, { name: account.display_name }),
      children: <Text size="sm">{t(`accounts.${key}_text`)}</Text>,
      labels: { confirm: t(`accounts.${key}`), cancel: t('cancel') },
      closeButtonProps: { 'aria-label': t('close') },
      onConfirm: act,
    });
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={400} maw={200}>
        <Name>{account.name}</Name>
      </Table.Th>
      <Table.Td maw={200}>
        <Name>{account.display_name}</Name>
        {account.disabled && (
          <Badge color="gray" variant="light" radius="sm" tt="none">
            {t('accounts.disabled')}
          </Badge>
        )}
        {account.must_change_password && (
          <Badge color="yellow" variant="light" radius="sm" tt="none">
            {t('accounts.must_change')}
          </Badge>
        )}
      </Table.Td>
      <Table.Td maw={320} style={{ overflowWrap: 'anywhere' }}>
        <RightsText rights={account} />
      </Table.Td>
      <Table.Td>{account.last_seen_at ? <Moment at={account.last_seen_at} /> : t('accounts.never')}</Table.Td>
      <Table.Td>
        <Group gap={6}>
          <Button size="compact-xs" variant="default" onClick={onChange}>
            {t('accounts.change')}
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            loading={invite.isPending}
            disabled={account.disabled}
            onClick={() => ask('invite', () => invite.mutate())}
          >
            {t('accounts.invite')}
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            loading={renew.isPending}
            disabled={account.disabled || account.must_change_password}
            onClick={() => ask('renew', () => renew.mutate())}
          >
            {t('accounts.renew')}
          </Button>
          <Button
            size="compact-xs"
            variant="default"
            loading={able.isPending}
            disabled={isMe}
            onClick={() => (account.disabled ? able.mutate(false) : ask('disable', () => able.mutate(true)))}
          >
            {t(account.disabled ? 'accounts.enable' : 'accounts.disable')}
          </Button>
        </Group>
        <ProblemText error={invite.error ?? renew.error ?? able.error} />
      </Table.Td>
    </Table.Tr>
  );
}
