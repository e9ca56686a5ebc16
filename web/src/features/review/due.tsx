import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useServerNow } from '@/app/session/clock';
import { countdown, useTimes } from '@/components/time';

/** From here on the clock is coloured. */
const NEAR_MS = 2 * 60_000;

export type DueState = 'calm' | 'near' | 'over';

/** What the clock says; `compact` for a row. */
export function useDueWords(): (at: string, now: number, compact: boolean) => { words: string; state: DueState } {
  const { t } = useTranslation('review');
  const times = useTimes();
  return (at, now, compact) => {
    const leftMs = Date.parse(at) - now;
    if (Number.isNaN(leftMs)) return { words: '', state: 'calm' };
    if (leftMs < 0) {
      const time = compact ? times.rough(-leftMs / 1_000) : times.span(-leftMs / 1_000);
      return { words: t('due.over', { time }), state: 'over' };
    }
    const time = countdown(leftMs);
    return { words: compact ? time : t('due.left', { time }), state: leftMs < NEAR_MS ? 'near' : 'calm' };
  };
}

const COLOURS = { calm: 'dimmed', near: 'orange', over: 'red' } as const;

/** The time that is left for the review, by the server's clock. */
export function Due({ at }: { at: string }) {
  const { t } = useTranslation('review');
  const times = useTimes();
  const { words, state } = useDueWords()(at, useServerNow(1_000), false);
  return (
    <Text
      span
      size="xs"
      c={COLOURS[state]}
      fw={state === 'calm' ? 400 : 600}
      title={t('due.at', { at: times.moment(at) })}
    >
      {words}
    </Text>
  );
}
