// One incident and what can be said about it.
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconLock } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatterName } from '@/components/matters';
import { useChanges } from '@/api/changes';
import { useMay, useSession } from '@/app/session/session';
import { announce } from '@/components/announce';
import { useKeys } from '@/components/keys';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { Actions, type Ask } from './actions';
import { decisions, detailQuery, reclassify } from './calls';
import { DuplicateChooser, ReclassifyChooser, RejectChooser } from './choosers';
import { Facts } from './facts';
import { useTaken } from './news';
import { rowOf } from './row-of';
import type { ClipControl } from './stage/clip';
import { useZoom } from './stage/fit';
import { Stage } from './stage/stage';
import { showable, useStage } from './stage/stage-state';
import type { Given, IncidentDetailOut } from './types';
import { UndoBar } from './undo-bar';
import { useLock, type LockState } from './use-lock';
import classes from './desk.module.css';

interface Props {
  id: string;
  /** A verdict was given. */
  onDone: () => void;
  onSkip: () => void;
  onUndo: () => void;
}

export function IncidentDesk({ id, onDone, onSkip, onUndo }: Props) {
  const { account } = useSession();
  const canReview = useMay('reviewer');
  const { data: detail, error } = useQuery(detailQuery(id));
  const stage = useStage(detail);
  const zoom = useZoom();
  const clip = useRef<ClipControl>(null);
  const lock = useLock(id, canReview);
  const [asked, setAsked] = useState<{ id: string; what: Ask } | null>(null);
  // A question about one incident is never answered for another.
  const asks = asked?.id === id ? asked.what : null;
  const setAsks = (what: Ask | null) => setAsked(what && { id, what });
  const change = useReclassify();
  useOvertaken(id, onDone);

  const isWaiting = detail?.incident.review.state === 'waiting';
  const isBlocked = !detail || !isWaiting || !canReview || !stage.isSeen || lock.state === 'theirs' || change.isPending;
  const give = (given: Given) => {
    setAsks(null);
    if (isBlocked || !decisions.decide(rowOf(detail), given)) return;
    onDone();
  };
  const ask = (what: Ask) => {
    if (!isBlocked) setAsks(what);
  };
  const all = detail ? showable(detail) : [];
  const play = () => {
    if (!all.includes('clip')) return false;
    if (stage.shown === 'clip') clip.current?.toggle();
    else stage.show('clip');
    return true;
  };
  useKeys({
    c: () => give({ verdict: 'confirmed' }),
    x: () => ask('reject'),
    f: () => ask('reclassify'),
    d: () => ask('duplicate'),
    s: onSkip,
    a: () => stage.next(1),
    q: () => stage.next(-1),
    v: () => (all.includes('compare') ? stage.show(stage.shown === 'compare' ? 'latest' : 'compare') : false),
    b: stage.toggleBoxes,
    u: () => (account.may_unmask ? stage.unmask() : false),
    ' ': play,
    ',': () => clip.current?.step(-1),
    '.': () => clip.current?.step(1),
    '+': zoom.closer,
    '=': zoom.closer,
    '-': zoom.further,
    '0': zoom.reset,
  });

  return (
    <>
      <div className={classes.centre} data-incident={id} data-ready={!isBlocked}>
        <Notices detail={detail} lock={lock} canReview={canReview} />
        <ProblemText error={error ?? (change.variables?.id === id ? change.error : null)} />
        {detail ? (
          <Stage detail={detail} stage={stage} zoom={zoom} clip={clip} mayUnmask={account.may_unmask} />
        ) : (
          !error && <Waiting />
        )}
        <div className={classes.foot}>
          <Actions isBlocked={isBlocked} onConfirm={() => give({ verdict: 'confirmed' })} onAsk={ask} onSkip={onSkip} />
          <UndoBar onUndo={onUndo} />
        </div>
      </div>
      {detail && <Facts detail={detail} />}
      {detail && (
        <>
          <RejectChooser opened={asks === 'reject'} onClose={() => setAsks(null)} onGive={give} />
          <DuplicateChooser id={id} opened={asks === 'duplicate'} onClose={() => setAsks(null)} onGive={give} />
          <ReclassifyChooser
            matter={detail.incident.matter}
            opened={asks === 'reclassify'}
            onClose={() => setAsks(null)}
            onChoose={(matter) => {
              setAsks(null);
              change.mutate({ id, matter });
            }}
          />
        </>
      )}
    </>
  );
}

/** Why no verdict can be given, where that is so. */
function Notices({
  detail,
  lock,
  canReview,
}: {
  detail: IncidentDetailOut | undefined;
  lock: LockState;
  canReview: boolean;
}) {
  const { t } = useTranslation('review');
  const review = detail?.incident.review;
  return (
    <>
      {lock.state === 'theirs' && (
        <div className={classes.notice} role="status">
          <IconLock size={16} aria-hidden />
          {lock.by ? t('lock.by', { name: lock.by.slice(0, 100) }) : t('lock.somebody')}
        </div>
      )}
      {review && review.state !== 'waiting' && (
        <div className={classes.notice} role="status">
          {t('decided', { state: t(`state.${review.state}`), name: review.by_name.slice(0, 100) })}
        </div>
      )}
      {!canReview && (
        <div className={classes.notice} role="status">
          {t('read_only')}
        </div>
      )}
    </>
  );
}

/** A colleague decided the incident that is shown: says so and goes on. */
function useOvertaken(id: string, onGone: () => void) {
  const tell = useTaken();
  const client = useQueryClient();
  const shown = useRef(id);
  useEffect(() => {
    shown.current = id;
  }, [id]);
  useChanges(['incident.reviewed'], (change) => {
    if (change !== 'reload' && change.subject !== id) return;
    const query = detailQuery(id);
    const didWait = client.getQueryData(query.queryKey)?.incident.review.state === 'waiting';
    const learn = async () => {
      const { incident, decided_by: by } = await client.fetchQuery({ ...query, staleTime: 0 });
      const { review } = incident;
      // A verdict of one's own is told by its own answer.
      if (!didWait || review.state === 'waiting' || decisions.all().has(id) || shown.current !== id) return;
      tell(incident.matter_name, by ?? review.by_name);
      onGone();
    };
    learn().catch(() => undefined);
  });
}

/** The incident goes on waiting under another matter; the reviewer stays with it. */
function useReclassify() {
  const matterName = useMatterName();
  const { t } = useTranslation('review');
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, matter }: { id: string; matter: string }) => reclassify(id, matter),
    onSuccess: async ({ incident }) => {
      announce(t('said.reclassified', { matter: matterName(incident.matter_name) }));
      await client.invalidateQueries({ queryKey: detailQuery(incident.id).queryKey });
    },
  });
}
