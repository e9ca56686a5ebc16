import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { LanguageSwitch } from '../language-switch';
import classes from './entrance.module.css';

/** The plain page before there is a session. */
export function Entrance({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <div className={classes.ground}>
      <Paper component="main" withBorder p="xl" w="24rem" maw="100%">
        <Stack>
          <Group justify="space-between" wrap="nowrap">
            <Text fw={700}>{t('brand')}</Text>
            <LanguageSwitch />
          </Group>
          <Title order={1} size="h3">
            {title}
          </Title>
          {children}
        </Stack>
      </Paper>
    </div>
  );
}

/** The secret of a one-time link stands behind `#`, so that it reaches no log of a server or proxy. */
export function secretOfLink(): string {
  return decodeURIComponent(location.hash.replace(/^#/, ''));
}
