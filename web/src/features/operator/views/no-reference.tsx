import { Center, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ReferenceButton } from './reference-button';

/** There is nothing to draw on yet: says why and what helps. */
export function NoReference({ view }: { view: string }) {
  const { t } = useTranslation('operator');
  return (
    <Center flex={1}>
      <Stack align="flex-start" maw="28rem" p="md">
        <Text fw={500}>{t('reference.none')}</Text>
        <Text size="sm" c="dimmed">
          {t('reference.none_text')}
        </Text>
        <ReferenceButton view={view} variant="filled" />
      </Stack>
    </Center>
  );
}
