import { Anchor, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Name } from '@/components/name';
import { readWhole } from './calls';
import type { IncidentDetailOut } from './types';

/** What was read on the thing. Numbers are masked until whoever may see them asks, which the server writes down. */
export function Reading({ detail }: { detail: IncidentDetailOut }) {
  const { t } = useTranslation('review');
  const whole = useMutation({ mutationFn: () => readWhole(detail.incident.id) });
  const { reading } = detail;
  if (!reading) return null;
  return (
    <>
      <dt>{t('reading.title')}</dt>
      <dd>
        <Name>{whole.data?.text ?? reading.text}</Name>
        {reading.whole && !whole.data && (
          <Anchor component="button" type="button" size="xs" onClick={() => whole.mutate()} disabled={whole.isPending}>
            {t('reading.show')}
          </Anchor>
        )}
        {whole.isError && (
          <Text size="xs" c="dimmed">
            {t('reading.failed')}
          </Text>
        )}
      </dd>
    </>
  );
}
