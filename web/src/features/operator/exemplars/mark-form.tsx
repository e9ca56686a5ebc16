// A box drawn by hand on the reference picture, and what it is: the beginning of an exemplar.
import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '@/api/client';
import { announce } from '@/components/announce';
import { ProblemText } from '@/components/problem-text';
import type { Matter, View } from '../data';
import type { Outline } from '../zones/polygon';
import type { Polarity } from './data';

interface Props {
  view: View;
  matters: readonly Matter[];
  isDrawing: boolean;
  /** Two opposite corners, once they are drawn. */
  corners: Outline;
  onDraw: () => void;
  onDone: () => void;
}

export function MarkForm({ view, matters, isDrawing, corners, onDraw, onDone }: Props) {
  const { t } = useTranslation('operator');
  const client = useQueryClient();
  const able = matters.filter(({ key, verified }) => verified && view.matters.includes(key));
  const [chosen, setChosen] = useState<string | null>(null);
  const matter = able.find(({ key }) => key === chosen) ?? able[0];
  const marking = useMutation({
    mutationFn: (polarity: Polarity) =>
      body(
        api.POST('/api/v1/views/{id}/exemplars', {
          params: { path: { id: view.id } },
          body: { matter: matter?.key ?? '', polarity, bbox: boxOf(corners) },
        }),
      ),
    onSuccess: async () => {
      announce(t('mark.made'));
      onDone();
      await client.invalidateQueries({ queryKey: ['exemplars'] });
    },
  });
  if (!matter) {
    return (
      <Text size="xs" c="dimmed">
        {t('mark.no_matter')}
      </Text>
    );
  }
  if (!isDrawing) {
    return (
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="xs" c="dimmed">
          {t('mark.means')}
        </Text>
        <Button size="compact-xs" variant="default" disabled={!view.reference} onClick={onDraw}>
          {t('mark.draw')}
        </Button>
      </Group>
    );
  }
  const isDrawn = corners.length === 2;
  return (
    <Stack gap="xs">
      <Text size="xs" role="status">
        {t(isDrawn ? 'mark.what' : 'mark.how')}
      </Text>
      <Select
        size="xs"
        label={t('filter.matter')}
        allowDeselect={false}
        value={matter.key}
        data={able.map(({ key, name }) => ({ value: key, label: name }))}
        onChange={setChosen}
      />
      <ProblemText error={marking.error} />
      <Group gap={6}>
        {(['raise', 'suppress'] as const).map((polarity) => (
          <Button
            key={polarity}
            size="compact-sm"
            variant={polarity === 'raise' ? 'filled' : 'default'}
            disabled={!isDrawn || marking.isPending}
            loading={marking.isPending && marking.variables === polarity}
            onClick={() => marking.mutate(polarity)}
          >
            {t(`mark.is.${polarity}`)}
          </Button>
        ))}
        <Button size="compact-sm" variant="subtle" onClick={onDone}>
          {t('draw.cancel')}
        </Button>
      </Group>
    </Stack>
  );
}

/** `[x0, y0, x1, y1]`, whichever way it was drawn. */
function boxOf([a = [0, 0], b = [0, 0]]: Outline): [number, number, number, number] {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
}
