import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useRouteError } from 'react-router';
import { Refused } from '@/components/refused';

/** A page that broke: says so, keeps the rest of the desk, and offers to load it anew. */
export function Failed() {
  const { t } = useTranslation();
  const error = useRouteError();
  return (
    <Refused
      title={t('failed.title')}
      text={t('failed.text')}
      detail={error instanceof Error ? error.message : undefined}
    >
      <Button onClick={() => location.reload()}>{t('failed.reload')}</Button>
    </Refused>
  );
}
