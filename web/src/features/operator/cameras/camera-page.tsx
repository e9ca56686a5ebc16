// One camera: registered, changed, rested and removed. A new one may be tried before it is registered.
import { Anchor, Group, Paper, Stack, Switch, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { api, body } from '@/api/client';
import { isProblem } from '@/api/problem';
import { announce } from '@/components/announce';
import { Name } from '@/components/name';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { streamQuery, useFresh, viewsQuery, type Stream, type StreamChange } from '../data';
import { useTimes } from '@/components/time';
import { useReason } from '../reason';
import { StateBadge } from '../state-badge';
import { CameraForm } from './camera-form';
import { ProbeResult, type Probed } from './probe-result';
import { RemoveDialogue } from './remove-dialogue';
import { NEW_CAMERA, streamChange, streamIn, valuesOf, type CameraValues } from './values';
import classes from './camera-page.module.css';

export function NewCameraPage() {
  const { t } = useTranslation('operator');
  const client = useQueryClient();
  const navigate = useNavigate();
  const probing = useMutation({
    mutationFn: (values: CameraValues) => body(api.POST('/api/v1/streams/probe', { body: streamIn(values) })),
  });
  const adding = useMutation({
    mutationFn: (values: CameraValues) => body(api.POST('/api/v1/streams', { body: streamIn(values) })),
    onSuccess: async (stream) => {
      announce(t('camera.added'));
      await client.invalidateQueries({ queryKey: ['streams'] });
      await client.invalidateQueries({ queryKey: ['views'] });
      const view = stream.views[0];
      await navigate(view ? `/operator/coverage/${view.id}` : `/operator/cameras/${stream.id}`);
    },
  });
  return (
    <div className={classes.page}>
      <Title order={1} size="h3" mb="md">
        {t('camera.new')}
      </Title>
      <CameraForm
        initial={NEW_CAMERA}
        stream={null}
        submitLabel={t('camera.register')}
        problem={adding.error ?? probing.error}
        isSending={adding.isPending}
        onSubmit={(values) => adding.mutate(values)}
        isProbing={probing.isPending}
        onProbe={(values) => probing.mutate(values)}
      >
        <Probe probed={probing.data} isProbing={probing.isPending} />
      </CameraForm>
    </div>
  );
}

export function CameraPage() {
  const { camera: id = '' } = useParams();
  const stream = useQuery(streamQuery(id));
  useFresh(['stream.', 'view.', 'look.finished'], [['streams', id], ['views']], 5_000);
  if (stream.error && !stream.data) return <ProblemText error={stream.error} />;
  if (!stream.data) return <Waiting />;
  return <Known key={id} stream={stream.data} />;
}

function Known({ stream }: { stream: Stream }) {
  const { t } = useTranslation('operator');
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isRemoving, setIsRemoving] = useState(false);
  /** A saved form begins anew: it holds no password then, and nothing that was not taken. */
  const [saved, setSaved] = useState(0);
  const path = { params: { path: { id: stream.id } } };
  const refresh = async () => {
    await client.invalidateQueries({ queryKey: ['streams'] });
    await client.invalidateQueries({ queryKey: ['views'] });
  };
  const changing = useMutation({
    mutationFn: (change: StreamChange) => body(api.PATCH('/api/v1/streams/{id}', { ...path, body: change })),
    onSuccess: async () => {
      announce(t('camera.saved'));
      await refresh();
      setSaved((times) => times + 1);
    },
  });
  const probing = useMutation({ mutationFn: () => body(api.POST('/api/v1/streams/{id}/probe', path)) });
  const removing = useMutation({
    mutationFn: () => api.DELETE('/api/v1/streams/{id}', path),
    onSuccess: async () => {
      announce(t('camera.removed'));
      await navigate('/operator/cameras');
      await refresh();
    },
  });
  return (
    <div className={classes.page}>
      <Group justify="space-between" wrap="nowrap" mb="md">
        <Title order={1} size="h3" className={classes.title}>
          <Name>{stream.name}</Name>
        </Title>
        <Switch
          label={t('camera.enabled')}
          checked={stream.enabled}
          disabled={changing.isPending}
          onChange={(event) => changing.mutate({ enabled: event.currentTarget.checked })}
        />
      </Group>
      <Views stream={stream} />
      <CameraForm
        key={saved}
        initial={valuesOf(stream)}
        stream={stream}
        submitLabel={t('camera.save')}
        problem={changing.error ?? probing.error}
        isSending={changing.isPending}
        onSubmit={(values) => changing.mutate(streamChange(values, stream))}
        isProbing={probing.isPending}
        onProbe={() => probing.mutate()}
        onRemove={() => setIsRemoving(true)}
      >
        <Probe probed={probing.data} isProbing={probing.isPending} />
      </CameraForm>
      <RemoveDialogue
        stream={stream}
        opened={isRemoving}
        onClose={() => setIsRemoving(false)}
        onRemove={() => removing.mutate()}
        isRemoving={removing.isPending}
        error={isProblem(removing.error, 404) ? null : removing.error}
      />
    </div>
  );
}

/** The camera's views: how each stands, and where its zones are drawn. */
function Views({ stream }: { stream: Stream }) {
  const { t } = useTranslation('operator');
  const moments = useTimes();
  const reason = useReason();
  const views = useQuery(viewsQuery);
  const rows = (views.data ?? []).filter(({ view }) => view.stream === stream.id);
  return (
    <Stack gap="xs" mb="md">
      {rows.map((row) => (
        <Paper key={row.view.id} withBorder p="xs" px="sm">
          <Group gap="md" wrap="nowrap">
            <StateBadge row={row} />
            <Name size="sm" maw="12rem">
              {row.view.name}
            </Name>
            <Text size="xs" c="dimmed" flex={1} miw={0} truncate title={reason(row)}>
              {reason(row) || t('camera.seen', { at: moments.short(row.latest_look?.ended) })}
            </Text>
            <Anchor component={Link} to={`/operator/coverage/${row.view.id}`} size="sm">
              {t('camera.draw', { count: row.zones })}
            </Anchor>
          </Group>
        </Paper>
      ))}
    </Stack>
  );
}

function Probe({ probed, isProbing }: { probed: Probed | undefined; isProbing: boolean }) {
  const { t } = useTranslation('operator');
  if (isProbing) {
    return (
      <Text size="sm" c="dimmed" role="status">
        {t('probe.trying')}
      </Text>
    );
  }
  return probed ? <ProbeResult probed={probed} /> : null;
}
