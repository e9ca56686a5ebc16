import { Group, Text, Timeline } from '@mantine/core';
import {
  IconBell,
  IconEye,
  IconFileText,
  IconGavel,
  IconPhoto,
  IconPoint,
  IconReceipt,
  IconSend,
  type TablerIcon,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Moment as At } from '@/components/moment';
import { bundleQuery, type Moment } from './wire';

const ICONS: Record<string, TablerIcon> = {
  look: IconEye,
  sighting: IconEye,
  incident: IconBell,
  evidence: IconPhoto,
  verdict: IconGavel,
  case: IconFileText,
  delivery: IconSend,
  receipt: IconReceipt,
};

/** From the first sighting to the end, oldest first. The server writes the details, in both languages. */
export function CaseTimeline({ moments }: { moments: Moment[] }) {
  const { t, i18n } = useTranslation('platform');
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
                {i18n.language === 'en' ? moment.detail_en : moment.detail}
              </Text>
            }
          >
            <Text size="xs" c="dimmed">
              {t(`moment.${moment.what}`, { defaultValue: moment.what })} · <At at={moment.at} seconds />
            </Text>
            {moment.evidence && <Pictures evidence={moment.evidence} />}
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}

/** The masked pictures of a bundle, small. A picture that is gone leaves no hole. */
function Pictures({ evidence }: { evidence: string }) {
  const { t } = useTranslation('platform');
  const bundle = useQuery(bundleQuery(evidence));
  const files = (bundle.data?.files ?? []).filter((file) => file.role === 'masked');
  if (files.length === 0) return null;
  return (
    <Group gap={4} mt={4}>
      {files.map(({ name }) => {
        const src = `/api/v1/evidence/${evidence}/files/${name}`;
        return (
          <a key={name} href={src} target="_blank" rel="noreferrer" aria-label={t('recheck.open', { name })}>
            <img src={src} alt="" height={54} loading="lazy" onError={(gone) => (gone.currentTarget.hidden = true)} />
          </a>
        );
      })}
    </Group>
  );
}
