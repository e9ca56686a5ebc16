import { Button, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { queryClient } from '@/api/query';
import { Entrance } from './entrance';
import { PasswordForm } from './password-dialogue';
import { leave, sessionQuery } from './session';

/** An administrator wants a new password; until there is one the server lets nothing else be done. */
export function MustChangePage() {
  const { t } = useTranslation();
  return (
    <Entrance title={t('password.change')}>
      <Text size="sm">{t('password.must_change')}</Text>
      <PasswordForm onChanged={() => void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey })} />
      <Button variant="subtle" color="gray" size="compact-sm" onClick={() => void leave()}>
        {t('log_out')}
      </Button>
    </Entrance>
  );
}
