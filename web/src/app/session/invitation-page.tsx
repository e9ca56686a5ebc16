import { Button, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { ProblemText } from '@/components/problem-text';
import { Entrance, secretOfLink } from './entrance';
import { NewPassword } from './new-password';
import { byInvitation } from './session';

/** A one-time link from the administrator: the person sets the own password and is in. */
export function InvitationPage() {
  const { t } = useTranslation();
  const [secret] = useState(secretOfLink);
  const [password, setPassword] = useState<string | null>(null);
  const navigate = useNavigate();
  const acceptance = useMutation({
    mutationFn: (password: string) => byInvitation({ secret, password }),
    onSuccess: () => navigate('/', { replace: true }),
  });
  const submit = (form: FormEvent) => {
    form.preventDefault();
    if (password !== null) acceptance.mutate(password);
  };
  return (
    <Entrance title={t('invitation.title')}>
      {secret === '' ? (
        <Text>{t('invitation.no_secret')}</Text>
      ) : (
        <form onSubmit={submit}>
          <Stack>
            <NewPassword onChange={setPassword} />
            <ProblemText error={acceptance.error} />
            <Button type="submit" loading={acceptance.isPending} disabled={password === null}>
              {t('invitation.accept')}
            </Button>
          </Stack>
        </form>
      )}
    </Entrance>
  );
}
