// What an exemplar would have changed over the last week, before anybody lets it reach further.
import { Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Name } from '@/components/name';
import { ProblemText } from '@/components/problem-text';
import { useTimes } from '@/components/time';
import { Waiting } from '@/components/waiting';
import { viewsQuery } from '../data';
import { previewQuery, type ChangedRuling, type ScopeKind } from './data';
import { ScopeSelect } from './exemplar-card';
import classes from './exemplars.module.css';

/** Lines of each kind that are drawn at most. */
const SHOWN_MAX = 50;

interface Props {
  id: string;
  scope: ScopeKind;
  onScope: (scope: ScopeKind) => void;
}

export function PreviewList({ id, scope, onScope }: Props) {
  const { t } = useTranslation('operator');
  const preview = useQuery(previewQuery(id, scope));
  const { data } = preview;
  return (
    <Stack gap={6} mt="xs" className={classes.preview}>
      <Group gap={6}>
        <Text size="xs">{t('exemplar.tried_in')}</Text>
        <ScopeSelect value={scope} onChoose={onScope} />
      </Group>
      <ProblemText error={preview.error} />
      {preview.isPending && <Waiting />}
      {data && (
        <>
          <Text size="xs" role="status">
            {t('exemplar.would', {
              weighed: data.weighed,
              changed: data.changed.length,
              held: data.held_back.length,
            })}
          </Text>
          <Rulings title={t('exemplar.would_change')} rulings={data.changed} />
          <Rulings title={t('exemplar.has_held_back')} rulings={data.held_back} />
        </>
      )}
    </Stack>
  );
}

function Rulings({ title, rulings }: { title: string; rulings: ChangedRuling[] }) {
  const { t } = useTranslation('operator');
  const times = useTimes();
  const views = useQuery(viewsQuery);
  if (rulings.length === 0) return null;
  const named = (id: string) => views.data?.find(({ view }) => view.id === id)?.stream_name ?? '';
  const word = (why: ChangedRuling['before']) => t(`exemplar.ruling.${why ?? 'reported'}`);
  return (
    <>
      <Text size="xs" fw={500}>
        {title}
      </Text>
      <ol className={classes.rulings}>
        {rulings.slice(0, SHOWN_MAX).map((ruling) => (
          <li key={`${ruling.view} ${ruling.at} ${ruling.likeness}`}>
            <Text size="xs" className={classes.when}>
              {times.short(ruling.at)}
            </Text>
            <Name size="xs">{named(ruling.view)}</Name>
            <Text size="xs">
              {t('exemplar.from_to', { before: word(ruling.before), after: word(ruling.after) })}
              {ruling.review && ` · ${t(`exemplar.review.${ruling.review}`, { defaultValue: ruling.review })}`}
            </Text>
            <Text size="xs" c="dimmed">
              {t('exemplar.likeness', { value: ruling.likeness.toFixed(2) })}
            </Text>
          </li>
        ))}
      </ol>
      {rulings.length > SHOWN_MAX && (
        <Text size="xs" c="dimmed">
          {t('what_if.left_off', { count: rulings.length - SHOWN_MAX })}
        </Text>
      )}
    </>
  );
}
