import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useServerNow } from '@/app/session/clock';
import { countdown, useTimes } from '@/components/time';

/** From here on the clock is coloured. */
const NEAR_MS = 2 * 60_000;

/** The time that is left for the review, by the server's clock. */
export function Due({ at, compact = false }: { at: string; compact?: boolean }) {
  const { t } = useTranslation('review');
  const times = useTimes();
  const leftMs = Date.parse(at) - useServerNow(1_000);
  if (Number.isNaN(leftMs)) return null;
  const colour = leftMs < 0 ? 'red' : leftMs < NEAR_MS ? 'orange' : 'dimmed';
  const time = leftMs < 0 ? times.span(-leftMs / 1_000) : countdown(leftMs);
  const words =
    leftMs < 0 ? t('due.over', { time: compact ? times.rough(-leftMs / 1_000) : time }) : t('due.left', { time });
  return (
    <Text span size="xs" c={colour} fw={leftMs < NEAR_MS ? 600 : 400} title={t('due.at', { at: times.moment(at) })}>
      {compact && leftMs >= 0 ? time : words}
    </Text>
  );
}
