// What text the reference picture shows, and what of it may stay: a person permits a sign, and takes that back.
import { Badge, Button, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, body } from '@/api/client';
import { useMay } from '@/app/session/session';
import { announce } from '@/components/announce';
import { ProblemText } from '@/components/problem-text';
import { useTimes } from '@/components/time';
import { Waiting } from '@/components/waiting';
import { signsQuery, type Sign, type View } from '../data';
import type { Box } from '../zones/zone-canvas';
import classes from './sign-list.module.css';

/** The signs as boxes on the picture, with the numbers of the list; the one that is pointed at alone, where one is. */
export function boxesOfSigns(signs: readonly Sign[], reference: number | undefined, shown: string | null): Box[] {
  return signs
    .map((sign, index) => ({ sign, number: index + 1 }))
    .filter(({ sign }) => sign.reference === reference && (shown === null || sign.id === shown))
    .map(({ sign, number }) => ({
      key: sign.id,
      bbox: sign.bbox as [number, number, number, number],
      tone: sign.permitted_by == null ? 'sign' : 'permitted',
      label: String(number),
    }));
}

interface Props {
  view: View;
  shown: string | null;
  onShow: (sign: string | null) => void;
}

export function SignList({ view, shown, onShow }: Props) {
  const { t } = useTranslation('operator');
  const client = useQueryClient();
  const signs = useQuery(signsQuery(view.id));
  const mayPermit = useMay('operator');
  const permitting = useMutation({
    mutationFn: (asked: { signs: string[]; permitted: boolean }) =>
      body(api.PUT('/api/v1/views/{id}/signs', { params: { path: { id: view.id } }, body: asked })),
    onSuccess: (changed, { permitted }) => {
      client.setQueryData(signsQuery(view.id).queryKey, changed.items);
      announce(t(permitted ? 'sign.permitted_now' : 'sign.withdrawn_now'));
    },
  });
  if (signs.error) return <ProblemText error={signs.error} />;
  if (signs.isPending) return <Waiting />;
  const open = signs.data.filter((sign) => sign.permitted_by == null);
  return (
    <Stack gap="xs">
      <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
        <Text size="xs" c="dimmed">
          {t(signs.data.length > 0 ? 'sign.means' : 'sign.none')}
        </Text>
        {mayPermit && open.length > 1 && (
          <Button
            size="compact-xs"
            variant="default"
            flex="none"
            loading={permitting.isPending && permitting.variables.signs.length > 1}
            disabled={permitting.isPending}
            onClick={() => permitting.mutate({ signs: open.map(({ id }) => id), permitted: true })}
          >
            {t('sign.permit_all', { count: open.length })}
          </Button>
        )}
      </Group>
      <ProblemText error={permitting.error} />
      <ol className={classes.list} aria-label={t('sign.title')}>
        {signs.data.map((sign, index) => (
          <li key={sign.id} data-shown={sign.id === shown}>
            <UnstyledButton
              className={classes.words}
              aria-pressed={sign.id === shown}
              onClick={() => onShow(sign.id === shown ? null : sign.id)}
            >
              <SignLine sign={sign} number={index + 1} isOld={sign.reference !== view.reference?.version} />
            </UnstyledButton>
            {mayPermit && (
              <Button
                size="compact-xs"
                variant="default"
                loading={permitting.isPending && permitting.variables.signs.join() === sign.id}
                disabled={permitting.isPending}
                aria-label={t(sign.permitted_by == null ? 'sign.permit_this' : 'sign.withdraw_this', {
                  text: sign.text.slice(0, 60),
                })}
                onClick={() => permitting.mutate({ signs: [sign.id], permitted: sign.permitted_by == null })}
              >
                {t(sign.permitted_by == null ? 'sign.permit' : 'sign.withdraw')}
              </Button>
            )}
          </li>
        ))}
      </ol>
    </Stack>
  );
}

function SignLine({ sign, number, isOld }: { sign: Sign; number: number; isOld: boolean }) {
  const { t } = useTranslation('operator');
  const times = useTimes();
  const isPermitted = sign.permitted_by != null;
  return (
    <Stack gap={2}>
      <Group gap={6} wrap="nowrap" align="baseline">
        <Text size="xs" c="dimmed" className={classes.number}>
          {number}
        </Text>
        <Text size="sm" fw={500} className={classes.text}>
          <bdi>{sign.text.slice(0, 200)}</bdi>
        </Text>
      </Group>
      <Group gap={6}>
        <Badge variant="light" radius="sm" tt="none" color={isPermitted ? 'green' : 'orange'}>
          {t(isPermitted ? 'sign.is_permitted' : 'sign.is_open')}
        </Badge>
        {isPermitted && (
          <Text size="xs" c="dimmed">
            {t('sign.by', { name: (sign.permitted_by_name ?? '').slice(0, 100), at: times.minute(sign.permitted_at) })}
          </Text>
        )}
        {isOld && (
          <Text size="xs" c="dimmed">
            {t('sign.of_old', { version: sign.reference })}
          </Text>
        )}
      </Group>
    </Stack>
  );
}
