import { Group, Text } from '@mantine/core';
import { IconBolt, IconBoltOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useLiveness } from '@/api/changes';

/** Says when what is shown may be old. Silent while all is well. */
export function LiveSign() {
  const { t } = useTranslation();
  const liveness = useLiveness();
  const isBroken = liveness === 'broken';
  const Icon = isBroken ? IconBoltOff : IconBolt;
  return (
    <Group gap={4} wrap="nowrap" role="status">
      {isBroken && (
        <>
          <Icon size={14} aria-hidden color="var(--mantine-color-red-text)" />
          <Text size="xs" c="red">
            {t('live.broken')}
          </Text>
        </>
      )}
    </Group>
  );
}
