import { Button, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '@/api/client';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { looksQuery } from '../data';
import { useTimes } from '@/components/time';
import { useReason } from '../reason';
import { StateBadge } from '../state-badge';
import classes from './zone-list.module.css';

/** The last looks at the view: when, why and how it was found. */
export function LookList({ view }: { view: string }) {
  const { t } = useTranslation('operator');
  const moments = useTimes();
  const reason = useReason();
  const looks = useQuery(looksQuery(view));
  const asking = useMutation({
    mutationFn: () => body(api.POST('/api/v1/views/{id}/looks', { params: { path: { id: view } } })),
  });
  if (looks.isPending) return <Waiting />;
  if (looks.error) return <ProblemText error={looks.error} />;
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {asking.isSuccess ? t('look.asked') : t('look.latest', { count: looks.data.length })}
        </Text>
        <Button size="compact-xs" variant="default" loading={asking.isPending} onClick={() => asking.mutate()}>
          {t('look.now')}
        </Button>
      </Group>
      <ProblemText error={asking.error} />
      {looks.data.length === 0 && <Text size="sm">{t('look.none')}</Text>}
      <Stack gap={6} component="ol" p={0} m={0} className={classes.list}>
        {looks.data.map((look) => (
          <li key={look.id}>
            <Group gap="xs" wrap="nowrap" justify="space-between">
              <Text size="xs">{moments.short(look.ended)}</Text>
              <Text size="xs" c="dimmed" flex={1}>
                {t(`look.purpose.${look.purpose}`)}
              </Text>
              <StateBadge row={{ coverage: look.state === 'same' ? 'covered' : 'blind', state: look.state }} />
            </Group>
            {look.reason && (
              <Text size="xs" c="dimmed">
                {reason(look)}
              </Text>
            )}
          </li>
        ))}
      </Stack>
    </Stack>
  );
}
