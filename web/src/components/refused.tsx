import { Center, Code, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  text: string;
  detail?: string | undefined;
  children?: ReactNode;
}

/** A whole page that can say only why there is nothing to see, and what helps. */
export function Refused({ title, text, detail, children }: Props) {
  return (
    <Center h="100%" p="xl">
      <Stack gap="sm" align="flex-start" maw="36rem">
        <Title order={1} size="h3">
          {title}
        </Title>
        <Text>{text}</Text>
        {detail && <Code block>{detail.slice(0, 500)}</Code>}
        {children}
      </Stack>
    </Center>
  );
}
