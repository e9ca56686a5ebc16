import { IconHourglass } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useLimitedS } from '@/api/limited';
import { Note } from './note';

/** Says that the server takes no more calls for some seconds, and that nothing is lost by it. */
export function LimitNote() {
  const { t } = useTranslation();
  const seconds = useLimitedS();
  if (seconds === 0) return null;
  return <Note icon={<IconHourglass size={16} aria-hidden />}>{t('limited', { seconds })}</Note>;
}
