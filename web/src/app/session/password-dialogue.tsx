import { Button, Group, Modal, PasswordInput, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { ProblemText } from '@/components/problem-text';
import { NewPassword } from './new-password';

/** Changes the own password. */
export function PasswordDialogue({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened={opened} onClose={onClose} title={t('password.change')} centered>
      <PasswordForm onChanged={onClose} />
    </Modal>
  );
}

/** The present password and the new one, twice. */
export function PasswordForm({ onChanged }: { onChanged: () => void }) {
  const { t } = useTranslation();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState<string | null>(null);
  const change = useMutation({
    mutationFn: () => api.PUT('/api/v1/session/password', { body: { current, new: next ?? '' } }),
    onSuccess: () => {
      notifications.show({ message: t('password.changed') });
      onChanged();
    },
  });
  const submit = (form: FormEvent) => {
    form.preventDefault();
    change.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <PasswordInput
          label={t('password.current')}
          value={current}
          onChange={(change) => setCurrent(change.currentTarget.value)}
          autoComplete="current-password"
          data-autofocus
          required
        />
        <NewPassword onChange={setNext} />
        <ProblemText error={change.error} />
        <Group justify="flex-end">
          <Button type="submit" disabled={next === null || current === ''} loading={change.isPending}>
            {t('password.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
