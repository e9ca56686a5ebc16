import { Button, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemText } from '@/components/problem-text';
import { RightsFields } from './rights-fields';
import { type AccountOut, changeAccount, makeAccount, type Rights } from './wire';

interface Made {
  account: AccountOut;
  invitation: string | null;
}

interface Props {
  /** The account to change; null makes one. */
  account: AccountOut | null;
  onDone: (made: Made) => Promise<void>;
}

export function AccountForm({ account, onDone }: Props) {
  const { t } = useTranslation('administration');
  const [name, setName] = useState(account?.name ?? '');
  const [displayName, setDisplayName] = useState(account?.display_name ?? '');
  const [rights, setRights] = useState<Rights>({
    roles: account?.roles ?? ['reviewer'],
    areas: account === null ? null : account.areas,
    may_unmask: account?.may_unmask ?? false,
  });
  const [tried, setTried] = useState(false);
  const save = useMutation({
    mutationFn: async (): Promise<Made> => {
      if (account === null) return makeAccount({ name: name.trim(), display_name: displayName.trim(), ...rights });
      const { roles, areas, may_unmask } = rights;
      const where = areas === null ? { all_areas: true } : { areas, all_areas: false };
      const changed = await changeAccount(account.id, {
        display_name: displayName.trim(),
        roles,
        may_unmask,
        ...where,
      });
      return { account: changed, invitation: null };
    },
    onSuccess: onDone,
  });
  const missing = (text: string) => (tried && text.trim() === '' ? t('accounts.missing') : null);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTried(true);
    if (name.trim() !== '' && displayName.trim() !== '' && rights.roles.length > 0) save.mutate();
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          label={t('accounts.name')}
          description={t('accounts.name_help')}
          withAsterisk
          maxLength={64}
          autoComplete="off"
          data-autofocus={account === null || undefined}
          disabled={account !== null}
          value={name}
          error={missing(name)}
          onChange={(change) => setName(change.currentTarget.value)}
        />
        <TextInput
          label={t('accounts.display_name')}
          withAsterisk
          maxLength={64}
          autoComplete="off"
          data-autofocus={account !== null || undefined}
          value={displayName}
          error={missing(displayName)}
          onChange={(change) => setDisplayName(change.currentTarget.value)}
        />
        <RightsFields
          rights={rights}
          onChange={setRights}
          error={tried && rights.roles.length === 0 ? t('rights.no_role') : null}
        />
        <ProblemText error={save.error} />
        <Button type="submit" loading={save.isPending}>
          {t(account === null ? 'accounts.make' : 'accounts.save')}
        </Button>
      </Stack>
    </form>
  );
}
