// The reviewer's desk: the queue beside one incident. Verdicts count at once; the next incident is there before the
// answer of the server is.
import { Button, Group, Text } from '@mantine/core';
import { IconKeyboard } from '@tabler/icons-react';
import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import { serverNow } from '@/app/session/clock';
import { useMay } from '@/app/session/session';
import { announce } from '@/components/announce';
import { KeyCap } from '@/components/key-cap';
import { useKeys } from '@/components/keys';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { decisions } from './calls';
import { Filters, useFilter } from './filters';
import { Help } from './help';
import { IncidentDesk } from './incident-desk';
import { useNews } from './news';
import { AHEAD, usePrefetch } from './prefetch';
import { nextAfter } from './queue-data';
import { NothingWaits, QueueList } from './queue-list';
import { UndoBar } from './undo-bar';
import { useNext } from './use-next';
import { useQueue } from './use-queue';
import desk from './desk.module.css';
import classes from './queue.module.css';

export function QueuePage() {
  const { t } = useTranslation('review');
  const [filter] = useFilter();
  const queue = useQueue(filter);
  const { list, hasNextPage, isFetchingNextPage, fetchNextPage } = queue;
  const [selected, select] = useSelected();
  const [helps, setHelps] = useState(false);

  const isReviewer = useMay('reviewer');
  const next = useNext(filter, selected, isReviewer);
  const first = (isReviewer ? next.data?.item : list[0])?.incident.id;
  useEffect(() => {
    if (selected === undefined && first !== undefined) select(first);
  }, [selected, first, select]);

  const at = list.findIndex((row) => row.incident.id === selected);
  const free = list.slice(at + 1).filter((row) => !row.lock || row.lock.mine);
  usePrefetch([...(next.data?.item ? [next.data.item] : []), ...free.slice(0, AHEAD)]);
  useNews(select);

  const goOn = useCallback(() => {
    const byList = () => select(nextAfter(list, selected)?.incident.id);
    if (!isReviewer) return byList();
    const id = next.take();
    if (typeof id === 'string') return select(id);
    void id.then((id) => (id === undefined ? byList() : select(id ?? undefined)));
  }, [isReviewer, list, next, selected, select]);
  const move = (step: 1 | -1) => {
    const to = list[at < 0 ? 0 : at + step];
    if (to) select(to.incident.id);
  };
  const undo = () => {
    const decision = decisions.undoable(serverNow());
    if (decision) void decisions.undo(decision.row.incident.id);
    else announce(t('news.nothing_to_undo'));
  };
  useKeys({
    z: undo,
    '?': () => setHelps(true),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    j: () => move(1),
    k: () => move(-1),
  });

  const loadMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  return (
    <div className={desk.desk}>
      <section className={classes.queue} aria-label={t('queue.title')}>
        <div className={classes.head}>
          <Group justify="space-between" wrap="nowrap">
            <Text component="h1" fw={600} size="sm" m={0} data-waiting={queue.waiting}>
              {t('queue.waiting', { count: queue.waiting })}
            </Text>
            <Button
              variant="subtle"
              color="gray"
              size="compact-xs"
              onClick={() => setHelps(true)}
              aria-label={t('help.title')}
              rightSection={<KeyCap>?</KeyCap>}
            >
              <IconKeyboard size={16} aria-hidden />
            </Button>
          </Group>
          <Filters />
        </div>
        {queue.isPending ? (
          <Waiting />
        ) : (
          <>
            <ProblemText error={queue.error} />
            {list.length === 0 && <NothingWaits isFiltered={Object.values(filter).some(Boolean)} />}
            <QueueList list={list} waiting={queue.waiting} selected={selected} onSelect={select} onEnd={loadMore} />
          </>
        )}
      </section>
      {selected === undefined ? (
        <div className={desk.centre}>
          {queue.isSuccess && (!isReviewer || next.data) && <Done held={next.data?.held ?? 0} />}
          <div className={desk.foot}>
            <UndoBar onUndo={undo} />
          </div>
        </div>
      ) : (
        <IncidentDesk id={selected} onDone={goOn} onSkip={goOn} onUndo={undo} />
      )}
      <Help opened={helps} onClose={() => setHelps(false)} />
    </div>
  );
}

/** There is nothing to do: all is decided, or colleagues have what is left. */
function Done({ held }: { held: number }) {
  const { t } = useTranslation('review');
  return (
    <Text m="auto" c="dimmed" role="status">
      {held > 0 ? t('queue.held', { count: held }) : t('queue.done')}
    </Text>
  );
}

/** The incident of the address. */
function useSelected(): [string | undefined, (id: string | undefined) => void] {
  const { incident } = useParams();
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const search = params.toString();
  const select = useCallback(
    (id: string | undefined) =>
      void navigate({ pathname: id ? `/review/${id}` : '/review', search }, { replace: true, flushSync: true }),
    [navigate, search],
  );
  return [incident, select];
}
