// A second look at a sample, blind: the same screen without what was decided. It changes nothing but the statistics.
import { Button, Group, Text } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/app/session/session';
import { announce } from '@/components/announce';
import { KeyCap } from '@/components/key-cap';
import { useKeys } from '@/components/keys';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { secondReview, secondReviewQuery } from './calls';
import { RejectChooser } from './choosers';
import { Facts } from './facts';
import type { ClipControl } from './stage/clip';
import { useZoom } from './stage/fit';
import { Stage } from './stage/stage';
import { useStage } from './stage/stage-state';
import type { IncidentDetailOut, Opinion } from './types';
import classes from './desk.module.css';

export function SecondReviewPage() {
  const { t } = useTranslation('review');
  const { data: detail, error, isPending } = useQuery(secondReviewQuery);
  return (
    <div className={classes.desk}>
      {detail ? (
        <Blind detail={detail} />
      ) : (
        <div className={classes.centre}>
          <h1 className={classes.quiet}>{t('second.title')}</h1>
          <ProblemText error={error} />
          {isPending && <Waiting />}
          {detail === null && (
            <Text m="auto" c="dimmed" role="status">
              {t('second.none')}
            </Text>
          )}
        </div>
      )}
    </div>
  );
}

function Blind({ detail }: { detail: IncidentDetailOut }) {
  const { t } = useTranslation('review');
  const { account } = useSession();
  const client = useQueryClient();
  const stage = useStage(detail);
  const zoom = useZoom();
  const clip = useRef<ClipControl>(null);
  const [asksReason, setAsksReason] = useState(false);
  const { id } = detail.incident;
  const verdict = useMutation({
    mutationFn: (given: Opinion) => secondReview(id, given),
    onSuccess: async () => {
      announce(t('second.thanks'));
      await client.resetQueries({ queryKey: secondReviewQuery.queryKey });
    },
  });
  const isBlocked = !stage.isSeen || verdict.isPending;
  const give = (given: Opinion) => {
    setAsksReason(false);
    if (!isBlocked) verdict.mutate(given);
  };
  useKeys({
    c: () => give({ verdict: 'confirmed' }),
    x: () => (isBlocked ? false : setAsksReason(true)),
    a: () => stage.next(1),
    q: () => stage.next(-1),
    v: () => (detail.reference ? stage.show(stage.shown === 'compare' ? 'latest' : 'compare') : false),
    b: stage.toggleBoxes,
    u: () => (account.may_unmask ? stage.unmask() : false),
    ' ': () => (stage.shown === 'clip' ? clip.current?.toggle() : detail.clip ? stage.show('clip') : false),
    ',': () => clip.current?.step(-1),
    '.': () => clip.current?.step(1),
    '+': zoom.closer,
    '=': zoom.closer,
    '-': zoom.further,
    '0': zoom.reset,
  });
  return (
    <>
      <div className={classes.centre}>
        <Group gap="sm" align="baseline" wrap="nowrap">
          <h1 className={classes.quiet}>{t('second.title')}</h1>
          <Text size="xs" c="dimmed">
            {t('second.intro')}
          </Text>
        </Group>
        <Stage detail={detail} stage={stage} zoom={zoom} clip={clip} mayUnmask={account.may_unmask} />
        <ProblemText error={verdict.error} />
        <Group gap="xs">
          <Button
            leftSection={<IconCheck size={16} aria-hidden />}
            rightSection={<KeyCap>C</KeyCap>}
            aria-keyshortcuts="C"
            disabled={isBlocked}
            onClick={() => give({ verdict: 'confirmed' })}
          >
            {t('action.confirm')}
          </Button>
          <Button
            variant="default"
            leftSection={<IconX size={16} aria-hidden />}
            rightSection={<KeyCap>X</KeyCap>}
            aria-keyshortcuts="X"
            disabled={isBlocked}
            onClick={() => setAsksReason(true)}
          >
            {t('action.reject')}
          </Button>
        </Group>
      </div>
      <Facts detail={detail} isTimed={false} />
      <RejectChooser opened={asksReason} onClose={() => setAsksReason(false)} onGive={give} />
    </>
  );
}
