import { Alert, Button, Divider, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useLocation, useNavigate, useSearchParams } from 'react-router';
import { isProblem } from '@/api/problem';
import { ProblemText } from '@/components/problem-text';
import { Entrance } from './entrance';
import { doorQuery, byPassword, useSessionQuery } from './session';
import { useLockout } from './lockout';

/** Why the identity provider's way led back here, by the server's words. */
const REFUSED = ['none', 'unreachable', 'stale', 'refused', 'no-role', 'disabled', 'locked'] as const;

/** Where the person wanted to go; only an address of our own. */
function target(state: unknown): string {
  const from = (state as { from?: unknown } | null)?.from;
  return typeof from === 'string' && from.startsWith('/') && !from.startsWith('//') ? from : '/';
}

export function LoginPage() {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const { data: door } = useQuery(doorQuery);
  const { data: session } = useSessionQuery();
  const from = target(useLocation().state);
  const navigate = useNavigate();
  const login = useMutation({
    mutationFn: () => byPassword({ name: name.trim(), password }),
    onSuccess: () => navigate(from, { replace: true }),
  });
  const [address] = useSearchParams();
  const refused = REFUSED.find((word) => word === address.get('oidc'));
  const lockedS = useLockout(login.error);
  if (session && !login.isPending) return <Navigate to={from} replace />;

  const submit = (form: FormEvent) => {
    form.preventDefault();
    if (lockedS === 0) login.mutate();
  };
  const isWrong = isProblem(login.error, 401);
  return (
    <Entrance title={t('login.title')}>
      {door?.setup_needed && t('login.setup_needed')}
      {refused && login.isIdle && (
        <Alert color="red" variant="light" role="alert">
          {t(`login.refused.${refused}`)}
        </Alert>
      )}
      <form onSubmit={submit}>
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
        <PasswordInput
          mt="sm"
          label={t('password.label')}
          value={password}
          onChange={(change) => setPassword(change.currentTarget.value)}
          autoComplete="current-password"
          error={isWrong ? t('login.wrong') : undefined}
          required
        />
        {!isWrong && lockedS === 0 && !isProblem(login.error, 429) && <ProblemText error={login.error} />}
        <Button mt="lg" type="submit" fullWidth loading={login.isPending} disabled={lockedS > 0}>
          {lockedS > 0 ? t('login.locked', { seconds: lockedS }) : t('login.enter')}
        </Button>
      </form>
      {door?.oidc && (
        <>
          <Divider label={t('login.or')} />
          <Button component="a" href="/api/v1/oidc/start" variant="default" fullWidth>
            {t('login.with', { provider: door.oidc.slice(0, 40) })}
          </Button>
        </>
      )}
    </Entrance>
  );
}
