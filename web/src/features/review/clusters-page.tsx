// Many alike at once: one group on the screen with every picture visible, single ones taken out, one key for the rest.
import { Button, Group, Text } from '@mantine/core';
import { IconCheck, IconPlayerTrackNext, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatterName } from '@/components/matters';
import { useChanges } from '@/api/changes';
import { serverNow } from '@/app/session/clock';
import { useMay } from '@/app/session/session';
import { announce } from '@/components/announce';
import { KeyCap } from '@/components/key-cap';
import { useKeys } from '@/components/keys';
import { Name } from '@/components/name';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { clustersQuery, decideMany, decisions } from './calls';
import { RejectChooser } from './choosers';
import { ClusterPictures } from './cluster-pictures';
import { Filters, useFilter } from './filters';
import { UndoBar } from './undo-bar';
import type { ClusterOut, Given } from './types';
import desk from './desk.module.css';
import queue from './queue.module.css';
import classes from './clusters.module.css';

export function ClustersPage() {
  const matterName = useMatterName();
  const { t } = useTranslation('review');
  const [filter] = useFilter();
  const client = useQueryClient();
  const clusters = useQuery(clustersQuery(filter));
  const [wanted, setWanted] = useState<string>();
  const items = clusters.data?.items ?? [];
  const cluster = items.find((one) => one.id === wanted) ?? items[0];
  useChanges(['incident.reviewed', 'incident.reopened_for_review'], (change) => {
    if (change !== 'reload' && decisions.all().has(change.subject)) return;
    void client.invalidateQueries({ queryKey: ['clusters'] });
  });
  const goOn = () => {
    const at = items.findIndex((one) => one.id === cluster?.id);
    setWanted((items[at + 1] ?? items[0])?.id);
  };
  return (
    <div className={desk.desk}>
      <section className={queue.queue} aria-label={t('cluster.title')}>
        <div className={queue.head}>
          <Text component="h1" fw={600} size="sm" m={0}>
            {t('cluster.title')}
          </Text>
          <Text size="xs" c="dimmed">
            {t('cluster.intro')}
          </Text>
          <Filters />
        </div>
        <nav className={queue.scroller} aria-label={t('cluster.title')}>
          {items.map((one) => (
            <button
              key={one.id}
              type="button"
              className={classes.group}
              aria-current={one.id === cluster?.id || undefined}
              onClick={() => setWanted(one.id)}
            >
              <Name fw={600} size="sm">
                {t('cluster.item', { matter: matterName(one.matter_name), count: one.incidents.length })}
              </Name>
              <Name size="xs" c="dimmed">
                {one.stream_name}
              </Name>
            </button>
          ))}
        </nav>
      </section>
      <div className={desk.centre}>
        <ProblemText error={clusters.error} />
        {clusters.isPending && <Waiting />}
        {clusters.isSuccess && !cluster && (
          <Text m="auto" c="dimmed" role="status">
            {t('cluster.none')}
          </Text>
        )}
        {cluster && <Cluster key={cluster.id} cluster={cluster} onDone={goOn} />}
        {!cluster && <UndoAll />}
      </div>
    </div>
  );
}

function Cluster({ cluster, onDone }: { cluster: ClusterOut; onDone: () => void }) {
  const matterName = useMatterName();
  const { t } = useTranslation('review');
  const mayReview = useMay('reviewer');
  const [out, setOut] = useState<ReadonlySet<string>>(new Set());
  const [asksReason, setAsksReason] = useState(false);
  const kept = cluster.incidents.filter((row) => !out.has(row.incident.id));
  const bulk = useBulk(cluster, onDone);
  const isBlocked = kept.length === 0 || bulk.isPending || !mayReview;
  const give = (given: Given) => {
    setAsksReason(false);
    if (!isBlocked) bulk.mutate({ ids: kept.map((row) => row.incident.id), given });
  };
  const toggle = (id: string) =>
    setOut((before) => {
      const after = new Set(before);
      if (!after.delete(id)) after.add(id);
      return after;
    });
  const digits = Object.fromEntries(
    cluster.incidents.slice(0, 9).map(({ incident }, index) => [String(index + 1), () => toggle(incident.id)]),
  );
  useKeys({
    ...digits,
    c: () => give({ verdict: 'confirmed' }),
    x: () => (isBlocked ? false : setAsksReason(true)),
    s: onDone,
    z: () => void undoAll(),
  });
  return (
    <>
      <Group justify="space-between">
        <Text fw={600}>{t('suspected', { matter: matterName(cluster.matter_name) })}</Text>
        <Text size="sm" c="dimmed">
          {t('cluster.likeness', { percent: Math.round(cluster.likeness * 100) })} · {t('cluster.help')}
        </Text>
      </Group>
      <ClusterPictures rows={cluster.incidents} out={out} onToggle={toggle} />
      <ProblemText error={bulk.error} />
      <div className={desk.foot}>
        <Group gap="xs" wrap="nowrap">
          <Button
            leftSection={<IconCheck size={16} aria-hidden />}
            rightSection={<KeyCap>C</KeyCap>}
            aria-keyshortcuts="C"
            disabled={isBlocked}
            loading={bulk.isPending}
            onClick={() => give({ verdict: 'confirmed' })}
          >
            {t('cluster.confirm')}
          </Button>
          <Button
            variant="default"
            leftSection={<IconX size={16} aria-hidden />}
            rightSection={<KeyCap>X</KeyCap>}
            aria-keyshortcuts="X"
            disabled={isBlocked}
            onClick={() => setAsksReason(true)}
          >
            {t('cluster.reject')}
          </Button>
          <Button
            variant="default"
            leftSection={<IconPlayerTrackNext size={16} aria-hidden />}
            rightSection={<KeyCap>S</KeyCap>}
            aria-keyshortcuts="S"
            onClick={onDone}
          >
            {t('cluster.next')}
          </Button>
          <Text size="sm" role="status">
            {t('cluster.kept', { kept: kept.length, all: cluster.incidents.length })}
          </Text>
        </Group>
        <UndoAll />
      </div>
      <RejectChooser opened={asksReason} onClose={() => setAsksReason(false)} onGive={give} />
    </>
  );
}

/** Everything that can still be undone goes back at once: one key gave it, one key takes it. */
async function undoAll() {
  const now = serverNow();
  const ids: string[] = [];
  for (let one = decisions.undoable(now); one; one = decisions.undoable(now)) {
    ids.push(one.row.incident.id);
    await decisions.undo(one.row.incident.id);
    if (ids.length > 200) break;
  }
}

function UndoAll() {
  return <UndoBar onUndo={() => void undoAll()} />;
}

/** Sends one verdict about many; each that was refused is told and stays. */
function useBulk(cluster: ClusterOut, onDone: () => void) {
  const { t } = useTranslation('review');
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ ids, given }: { ids: string[]; given: Given }) => decideMany(ids, given),
    onSuccess: ({ items }, { given }) => {
      for (const row of cluster.incidents) {
        const item = items.find((one) => one.incident === row.incident.id);
        if (item?.decided)
          decisions.adopt({ row, given, state: 'sent', undoUntil: item.undo_until ?? null, isRetried: false });
      }
      const failed = items.filter((one) => !one.decided).length;
      announce(t('said.many', { count: items.length - failed }));
      if (failed > 0) notifications.show({ color: 'red', message: t('cluster.partly', { count: failed }) });
      void client.invalidateQueries({ queryKey: ['clusters'] });
      void client.resetQueries({ queryKey: ['queue'] });
      onDone();
    },
  });
}
