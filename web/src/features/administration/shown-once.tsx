import { Alert, Button, CopyButton, Group, TextInput } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

/** A secret that the server tells once and keeps no copy of. */
export function ShownOnce({ title, text, secret }: { title: string; text: string; secret: string }) {
  const { t } = useTranslation('administration');
  return (
    <Alert color="accent" title={title} role="status">
      {text}
      <Group gap="xs" mt="xs" wrap="nowrap" align="flex-end">
        <TextInput
          flex={1}
          readOnly
          aria-label={title}
          value={secret}
          onFocus={(focus) => focus.currentTarget.select()}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        />
        <CopyButton value={secret}>
          {({ copied, copy }) => (
            <Button
              variant={copied ? 'light' : 'filled'}
              leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
              onClick={copy}
            >
              {t(copied ? 'once.copied' : 'once.copy')}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Alert>
  );
}
