import { Button, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { ProblemText } from '@/components/problem-text';
import { Entrance, secretOfLink } from './entrance';
import { NewPassword } from './new-password';
import { bySetup } from './session';

/** First start: the one-time link of the server's log makes the first administrator. */
export function SetupPage() {
  const { t } = useTranslation();
  const [secret] = useState(secretOfLink);
  const [name, setName] = useState('');
  const [displayName, setDisplayName] = useState('');
  const [password, setPassword] = useState<string | null>(null);
  const navigate = useNavigate();
  const setup = useMutation({
    mutationFn: (password: string) =>
      bySetup({ secret, name: name.trim(), display_name: displayName.trim(), password }),
    onSuccess: () => navigate('/', { replace: true }),
  });
  const submit = (form: FormEvent) => {
    form.preventDefault();
    if (password !== null) setup.mutate(password);
  };
  return (
    <Entrance title={t('setup.title')}>
      {secret === '' ? (
        <Text>{t('setup.no_secret')}</Text>
      ) : (
        <form onSubmit={submit}>
          <Stack>
            <Text c="dimmed">{t('setup.text')}</Text>
            <TextInput
              label={t('login.name')}
              value={name}
              onChange={(change) => setName(change.currentTarget.value)}
              autoComplete="username"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={64}
              required
            />
            <TextInput
              label={t('setup.display_name')}
              value={displayName}
              onChange={(change) => setDisplayName(change.currentTarget.value)}
              autoComplete="name"
              maxLength={64}
              required
            />
            <NewPassword onChange={setPassword} />
            <ProblemText error={setup.error} />
            <Button type="submit" loading={setup.isPending} disabled={password === null}>
              {t('setup.make')}
            </Button>
          </Stack>
        </form>
      )}
    </Entrance>
  );
}
