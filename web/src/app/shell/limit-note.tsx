import { Alert } from '@mantine/core';
import { IconHourglass } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useLimitedS } from '@/api/limited';

/** Says that the server takes no more calls for some seconds, and that nothing is lost by it. */
export function LimitNote() {
  const { t } = useTranslation();
  const seconds = useLimitedS();
  if (seconds === 0) return null;
  return (
    <Alert
      color="yellow"
      variant="light"
      radius={0}
      py={4}
      role="status"
      data-screen-only
      icon={<IconHourglass size={16} aria-hidden />}
    >
      {t('limited', { seconds })}
    </Alert>
  );
}
