import { Group, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './page.module.css';

interface Props {
  title: string;
  /** What acts on the whole page, at the right of its title. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A page that scrolls as a whole, under its title. */
export function Page({ title, aside, children }: Props) {
  return (
    <Stack gap="md" className={classes.page}>
      <Group justify="space-between" gap="sm" className={classes.head}>
        <Title order={1} size="h3">
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Stack>
  );
}
