import { Alert } from '@mantine/core';
import { IconClockExclamation } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { SKEW_MS_NAMED, useSkewMs } from './clock';

/** Names a clock of this machine that differs from the server's. */
export function ClockWarning() {
  const { t } = useTranslation();
  const skewMs = useSkewMs();
  if (Math.abs(skewMs) <= SKEW_MS_NAMED) return null;
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return (
    <Alert
      color="yellow"
      variant="light"
      radius={0}
      py={4}
      role="status"
      data-screen-only
      icon={<IconClockExclamation size={16} aria-hidden />}
    >
      {t(skewMs > 0 ? 'clock.behind' : 'clock.ahead', { seconds })}
    </Alert>
  );
}
