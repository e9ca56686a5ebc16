// What stands where no new model is tried: how one is.
import { Code, List, Stack, Text } from '@mantine/core';
import { Trans, useTranslation } from 'react-i18next';

const EXAMPLE = `[shadow]
model = "street_640_v2"
every_s = 60`;

export function HowTo() {
  const { t } = useTranslation('operator');
  return (
    <Stack gap="xs" maw="44rem">
      <Text fw={500}>{t('shadow.none')}</Text>
      <List type="ordered" size="sm" spacing={4}>
        <List.Item>
          <Trans t={t} i18nKey="shadow.how.put" components={{ c: <Code /> }} />
        </List.Item>
        <List.Item>
          <Trans t={t} i18nKey="shadow.how.write" components={{ c: <Code /> }} />
          <Code block mt={4}>
            {EXAMPLE}
          </Code>
        </List.Item>
        <List.Item>{t('shadow.how.start')}</List.Item>
      </List>
      <Text size="sm" c="dimmed">
        <Trans t={t} i18nKey="shadow.how.more" components={{ c: <Code /> }} />
      </Text>
    </Stack>
  );
}
