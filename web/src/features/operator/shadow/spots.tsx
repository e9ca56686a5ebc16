// Spots at which two models differ, one after the other under the same keys, as the review desk has them.
import { Button, Center, Group, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { announce } from '@/components/announce';
import { KeyCap } from '@/components/key-cap';
import { useKeys } from '@/components/keys';
import { ProblemText } from '@/components/problem-text';
import { modelNames } from './counts';
import { useJudging, type Shadow, type Spot, type Truth, type Which } from './data';
import { SpotCard } from './spot-card';
import classes from './shadow.module.css';

/** Spots that are drawn at first, and more each time somebody asks. */
const DRAWN = 60;

export function Spots({ shadow, which }: { shadow: Shadow; which: Which }) {
  const { t } = useTranslation('operator');
  const { disagreements: spots, comparisons } = shadow;
  const [drawn, setDrawn] = useState(DRAWN);
  const [chosen, setChosen] = useState<string | null>(null);
  const judging = useJudging(which);
  const named = modelNames(shadow);
  const at = Math.max(
    0,
    spots.findIndex(({ id }) => id === (chosen ?? spots.find(({ judgement }) => !judgement)?.id)),
  );
  const current = spots[at];
  const go = (index: number) => {
    const spot = spots[index];
    if (!spot) return false;
    setDrawn((drawn) => Math.max(drawn, index + 1));
    setChosen(spot.id);
    requestAnimationFrame(() => document.getElementById(spot.id)?.scrollIntoView({ block: 'nearest' }));
    return true;
  };
  const say = (spot: Spot, truth: Truth | null) => {
    if (judging.isPending) return;
    judging.mutate(
      { spot, truth },
      {
        onSuccess: ({ judgement }) => {
          announce(t(judgement ? `shadow.truth.${judgement.truth}` : 'shadow.taken_back'));
          const index = spots.findIndex(({ id }) => id === spot.id);
          const next = spots.findIndex((one, at) => at > index && !one.judgement);
          go(truth && next >= 0 ? next : index);
        },
      },
    );
  };
  const answer = (truth: Truth) => () => (current ? say(current, truth) : false);
  useKeys({
    c: answer('something'),
    x: answer('nothing'),
    s: answer('unclear'),
    z: () => (current?.judgement ? say(current, null) : false),
    ArrowRight: () => go(at + 1),
    ArrowLeft: () => go(at - 1),
  });
  const waiting = comparisons.reduce((sum, { judged }) => sum + judged.waiting, 0);
  return (
    <section aria-labelledby="spots">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5" id="spots">
          {t('shadow.spots', { count: waiting })}
        </Title>
        {spots.length > 0 && (
          <Group gap={4} c="dimmed">
            <KeyCap>←</KeyCap>
            <KeyCap>→</KeyCap>
            <Text size="xs">{t('shadow.keys')}</Text>
          </Group>
        )}
      </Group>
      <ProblemText error={judging.error} />
      {spots.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('shadow.no_spots')}
        </Text>
      )}
      <ul className={classes.spots}>
        {spots.slice(0, drawn).map((spot) => (
          <SpotCard
            key={spot.id}
            spot={spot}
            named={named}
            isCurrent={spot.id === current?.id}
            isBusy={judging.isPending && judging.variables.spot.id === spot.id}
            onChoose={() => setChosen(spot.id)}
            onSay={(truth) => {
              setChosen(spot.id);
              say(spot, truth);
            }}
          />
        ))}
      </ul>
      {spots.length > drawn && (
        <Center mt="sm">
          <Button size="xs" variant="default" onClick={() => setDrawn(drawn + DRAWN)}>
            {t('shadow.more')}
          </Button>
        </Center>
      )}
    </section>
  );
}
