import { useTranslation } from 'react-i18next';
import { Refused } from '@/components/refused';

/** An address that leads nowhere. */
export function Missing() {
  const { t } = useTranslation();
  return <Refused title={t('missing.title')} text={t('missing.text')} />;
}
