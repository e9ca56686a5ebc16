import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useMatterLevel } from '@/components/matters';

/** What finding the matter rests on: a precision means another thing for each. */
export function Level({ matter }: { matter: string }) {
  const { t } = useTranslation('supervisor');
  const level = useMatterLevel()(matter);
  return (
    level && (
      <Text size="xs" c="dimmed">
        {t(`level.${level}`)}
      </Text>
    )
  );
}
