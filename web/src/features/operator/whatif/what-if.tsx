// What the drafts would change about the last looks: asked while somebody draws, told as a list and as boxes on the picture.
import { Alert, Badge, Group, Loader, ScrollArea, Stack, Text, UnstyledButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatterName } from '@/components/matters';
import { api, body, type Schemas } from '@/api/client';
import { ProblemText } from '@/components/problem-text';
import { useTimes } from '@/components/time';
import { draftFaults, zoneIn, type Draft } from '../zones/drafts';
import type { Box } from '../zones/zone-canvas';
import { gather, type Gathered, type Judged } from './differences';
import classes from './what-if.module.css';

/** A pause in the drawing as long as this is a question. */
const PAUSE_MS = 350;

/** Asks, but only while every draft can be a zone; the last answer stays while the next one comes. */
export function useWhatIf(view: string, drafts: readonly Draft[], matters: readonly string[] | null, wanted: boolean) {
  const sound = drafts.every((draft) => draftFaults(draft).length === 0);
  const question = sound
    ? JSON.stringify({ zones: drafts.map((draft) => ({ ...zoneIn(draft, view), id: draft.id })), matters })
    : null;
  const [asked] = useDebouncedValue(question, PAUSE_MS);
  const answer = useQuery({
    queryKey: ['what_if', view, asked],
    queryFn: ({ signal }) =>
      body(
        api.POST('/api/v1/views/{id}/what_if', {
          params: { path: { id: view } },
          body: JSON.parse(asked ?? '{}') as Schemas['WhatIfIn'],
          signal,
        }),
      ),
    enabled: wanted && asked !== null,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
    gcTime: 60_000,
  });
  const lines = useMemo(() => gather(answer.data?.differences ?? []), [answer.data]);
  return { answer, lines, sound, isBehind: sound && (asked !== question || answer.isFetching) };
}

/** The lines as boxes on the picture; the one that is pointed at alone, where one is. */
export function boxesOf(
  lines: readonly Gathered[],
  shown: string | null,
  named: (matterName: string) => string,
): Box[] {
  return lines
    .filter(({ key }) => shown === null || key === shown)
    .map(({ key, bbox, turn, matterName, times }) => ({
      key,
      bbox,
      tone: turn === 'other_zone' ? 'seen' : turn,
      label: `${named(matterName)} ×${times}`,
    }));
}

interface Props {
  asked: ReturnType<typeof useWhatIf>;
  shown: string | null;
  onShow: (key: string | null) => void;
}

export function WhatIfList({ asked: { answer, lines, sound, isBehind }, shown, onShow }: Props) {
  const matterName = useMatterName();
  const { t } = useTranslation('operator');
  const moments = useTimes();
  const judged = ({ why, zone }: Judged) => (zone ? `${t(`what_if.why.${why}`)}（${zone}）` : t(`what_if.why.${why}`));

  if (answer.error) return <ProblemText error={answer.error} />;
  const { data } = answer;
  return (
    <Stack gap="xs" h="100%" mih={0}>
      <Group gap="xs" justify="space-between" wrap="nowrap">
        <Text size="sm" c="dimmed" aria-live="polite">
          {data && data.looks > 0
            ? t('what_if.over', {
                count: data.looks,
                from: moments.short(data.from),
                until: moments.short(data.until),
                differences: lines.length,
              })
            : data && t('what_if.no_looks')}
        </Text>
        {isBehind && <Loader size="xs" aria-label={t('what_if.asking')} />}
      </Group>
      {!sound && <Alert color="yellow" variant="light" title={t('what_if.unsound')} />}
      {data && data.looks > 0 && lines.length === 0 && <Text size="sm">{t('what_if.none')}</Text>}
      <ScrollArea flex={1} mih={0} type="auto">
        <Stack gap={4}>
          {lines.map((line) => (
            <UnstyledButton
              key={line.key}
              className={classes.line}
              aria-pressed={shown === line.key}
              onClick={() => onShow(shown === line.key ? null : line.key)}
            >
              <Group gap={6} wrap="nowrap" justify="space-between">
                <Text size="sm" fw={500} truncate>
                  {matterName(line.matterName)}
                </Text>
                <Badge
                  variant="light"
                  color={line.turn === 'now' ? 'red' : line.turn === 'no_longer' ? 'green' : 'gray'}
                >
                  {t(`what_if.turn.${line.turn}`)}
                </Badge>
              </Group>
              <Text size="xs" className={classes.words}>
                {t('what_if.from_to', { before: judged(line.before), after: judged(line.after) })}
              </Text>
              <Text size="xs" c="dimmed">
                {t('what_if.times', {
                  count: line.times,
                  from: moments.short(line.from),
                  until: moments.short(line.until),
                })}
              </Text>
            </UnstyledButton>
          ))}
        </Stack>
      </ScrollArea>
    </Stack>
  );
}
