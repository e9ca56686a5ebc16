import { IconClockExclamation } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Note } from '../shell/note';
import { SKEW_MS_NAMED, useSkewMs } from './clock';

/** Names a clock of this machine that differs from the server's. */
export function ClockWarning() {
  const { t } = useTranslation();
  const skewMs = useSkewMs();
  if (Math.abs(skewMs) <= SKEW_MS_NAMED) return null;
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return (
    <Note icon={<IconClockExclamation size={16} aria-hidden />}>
      {t(skewMs > 0 ? 'clock.behind' : 'clock.ahead', { seconds })}
    </Note>
  );
}
