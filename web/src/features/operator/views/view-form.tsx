// What is looked for on the view, and how often. What-if knows the draft of it at once.
import { Button, Checkbox, Group, NumberInput, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body } from '@/api/client';
import { announce } from '@/components/announce';
import { ProblemText } from '@/components/problem-text';
import type { Matter, View } from '../data';
import { nameFault } from '../zones/drafts';

interface Props {
  view: View;
  matters: readonly Matter[];
  /** Matters to judge the last looks by; null for those in force. */
  onTry: (matters: string[] | null) => void;
}

export const REVISIT_S_MIN = 1;
export const REVISIT_S_MAX = 86_400;

export function ViewForm({ view, matters, onTry }: Props) {
  const { t } = useTranslation('operator');
  const client = useQueryClient();
  const [name, setName] = useState(view.name);
  const [chosen, setChosen] = useState<string[]>(view.matters);
  const [revisit, setRevisit] = useState<number | string>(view.revisit_s ?? '');
  const saving = useMutation({
    mutationFn: () =>
      body(
        api.PATCH('/api/v1/views/{id}', {
          params: { path: { id: view.id } },
          body: { name: name.trim(), matters: chosen, revisit_s: typeof revisit === 'number' ? revisit : null },
        }),
      ),
    onSuccess: async () => {
      onTry(null);
      announce(t('view.saved'));
      await client.invalidateQueries({ queryKey: ['views'] });
    },
  });
  const fault = nameFault(name);
  const shortest = Math.min(...matters.filter(({ key }) => chosen.includes(key)).map(({ revisit_s }) => revisit_s));
  return (
    <Stack gap="sm">
      <TextInput
        size="xs"
        label={t('view.name')}
        value={name}
        error={fault && t(`fault.name.${fault}`)}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox.Group
        size="xs"
        label={t('view.matters')}
        description={t('view.matters_means')}
        value={chosen}
        onChange={(next) => {
          const kept = matters.map(({ key }) => key).filter((key) => next.includes(key));
          setChosen(kept);
          onTry(kept);
        }}
      >
        <Stack gap={8} mt={4}>
          {matters.map(({ key, name, code_2026, dwell_s }) => (
            <Checkbox
              key={key}
              size="xs"
              value={key}
              label={`${name}（${code_2026}）`}
              description={t('view.dwell', { seconds: dwell_s })}
            />
          ))}
        </Stack>
      </Checkbox.Group>
      <Switch
        size="xs"
        label={t('view.own_revisit')}
        checked={revisit !== ''}
        onChange={(event) => setRevisit(event.currentTarget.checked ? (Number.isFinite(shortest) ? shortest : 30) : '')}
      />
      {revisit === '' ? (
        <Text size="xs" c="dimmed">
          {Number.isFinite(shortest)
            ? t('view.revisit_of_matters', { seconds: shortest })
            : t('view.looks_for_nothing')}
        </Text>
      ) : (
        <NumberInput
          size="xs"
          label={t('view.revisit')}
          suffix={t('view.seconds')}
          min={REVISIT_S_MIN}
          max={REVISIT_S_MAX}
          allowDecimal={false}
          value={revisit}
          onChange={setRevisit}
        />
      )}
      <ProblemText error={saving.error} />
      <Group justify="flex-end">
        <Button size="compact-sm" loading={saving.isPending} disabled={fault !== null} onClick={() => saving.mutate()}>
          {t('view.save')}
        </Button>
      </Group>
    </Stack>
  );
}
