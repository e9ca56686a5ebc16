import { Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

/** The reviewer's desk. */
export function QueuePage() {
  const { t } = useTranslation('review');
  return <Title order={1}>{t('title')}</Title>;
}
