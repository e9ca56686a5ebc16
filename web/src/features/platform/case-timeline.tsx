import { Text, Timeline } from '@mantine/core';
import {
  IconArrowBackUp,
  IconBell,
  IconCheck,
  IconEye,
  IconFileText,
  IconGavel,
  IconPhoto,
  IconPoint,
  IconReceipt,
  IconRefresh,
  IconSend,
  type TablerIcon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Moment as At } from '@/components/moment';
import type { Moment } from './wire';

const ICONS: Record<string, TablerIcon> = {
  look: IconEye,
  sighting: IconEye,
  incident: IconBell,
  evidence: IconPhoto,
  verdict: IconGavel,
  undo: IconArrowBackUp,
  case: IconFileText,
  delivery: IconSend,
  receipt: IconReceipt,
  callback: IconFileText,
  recheck: IconCheck,
  recurrence: IconRefresh,
};

/** From the first sighting to the end, oldest first. The server writes the details, in Chinese. */
export function CaseTimeline({ moments }: { moments: Moment[] }) {
  const { t } = useTranslation('platform');
  return (
    <Timeline active={moments.length} bulletSize={22} lineWidth={2} color="accent">
      {moments.map((moment, index) => {
        const Icon = ICONS[moment.what] ?? IconPoint;
        return (
          <Timeline.Item
            key={index}
            mt={index === 0 ? 0 : 'sm'}
            bullet={<Icon size={13} aria-hidden />}
            title={
              <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                {moment.detail}
              </Text>
            }
          >
            <Text size="xs" c="dimmed">
              {t(`moment.${moment.what}`, { defaultValue: moment.what })} · <At at={moment.at} seconds />
            </Text>
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}
