import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { ProblemText } from '@/components/problem-text';
import { queryClient } from '@/api/query';
import { byPassword, sessionQuery, useSessionQuery } from './session';
import { settleRenewal, useRenewalAsked } from './renewal';

/** The session ended while somebody worked: asks for the password and then goes on where the work stood. */
export function RenewDialogue() {
  const { t } = useTranslation();
  const asked = useRenewalAsked();
  const { data: session } = useSessionQuery();
  const [password, setPassword] = useState('');
  const renewal = useMutation({
    mutationFn: () => byPassword({ name: session?.account.name ?? '', password }),
    onSuccess: () => {
      setPassword('');
      settleRenewal(true);
    },
  });
  const giveUp = () => {
    setPassword('');
    renewal.reset();
    queryClient.setQueryData(sessionQuery.queryKey, null);
    settleRenewal(false);
  };
  const submit = (form: FormEvent) => {
    form.preventDefault();
    renewal.mutate();
  };
  return (
    <Modal
      opened={asked}
      onClose={giveUp}
      title={t('renew.title')}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      zIndex={1000}
      centered
    >
      <form onSubmit={submit}>
        <Stack>
          <Text>{t('renew.text', { name: session?.account.display_name ?? '' })}</Text>
          <PasswordInput
            label={t('password.label')}
            value={password}
            onChange={(change) => setPassword(change.currentTarget.value)}
            autoComplete="current-password"
            data-autofocus
            required
          />
          <ProblemText error={renewal.error} />
          <Group justify="space-between">
            <Button variant="default" onClick={giveUp}>
              {t('log_out')}
            </Button>
            <Button type="submit" loading={renewal.isPending}>
              {t('renew.go_on')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
