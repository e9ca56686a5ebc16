import { Badge, Button, Group, Paper, Select, Stack, Text } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useMay, useSession } from '@/app/session/session';
import { useServerNow } from '@/app/session/clock';
import { Name } from '@/components/name';
import { ProblemText } from '@/components/problem-text';
import { useTimes } from '@/components/time';
import { pictureOf, SCOPES, useExemplarChange, type Exemplar, type ScopeKind } from './data';
import { PreviewList } from './preview-list';
import classes from './exemplars.module.css';

interface Props {
  exemplar: Exemplar;
  matterName: string;
  /** Whether its camera and zone are told: on a page of one view they are known. */
  withPlace: boolean;
}

/** One exemplar: what it is of, what it does, who made it, and what can be done about it. */
export function ExemplarCard({ exemplar, matterName, withPlace }: Props) {
  const { t } = useTranslation('operator');
  const [asks, setAsks] = useState<ScopeKind | null>(null);
  const [gone, setGone] = useState(false);
  const { scope, undo } = useExemplarChange(exemplar.id);
  const mayChange = useMay('operator');
  const counts = useCounts(exemplar);
  return (
    <Paper withBorder p="xs" component="li" className={classes.card} data-counts={counts}>
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <div className={classes.picture}>
          {gone ? (
            <span>{t('exemplar.no_picture')}</span>
          ) : (
            <img
              src={pictureOf(exemplar)}
              alt={t('exemplar.picture', { matter: matterName })}
              loading="lazy"
              decoding="async"
              onError={() => setGone(true)}
            />
          )}
        </div>
        <Stack gap={2} flex={1} miw={0}>
          <Group gap={6} wrap="nowrap">
            <Badge
              flex="none"
              variant="light"
              radius="sm"
              tt="none"
              color={exemplar.polarity === 'raise' ? 'accent' : 'orange'}
            >
              {t(`exemplar.does.${exemplar.polarity}`)}
            </Badge>
            <Name size="sm" fw={500}>
              {matterName}
            </Name>
          </Group>
          {withPlace && (
            <Name size="xs">
              {[exemplar.stream_name, exemplar.zone_name].filter(Boolean).join(' · ') || t('exemplar.removed')}
            </Name>
          )}
          <Origin exemplar={exemplar} />
          <Ending exemplar={exemplar} />
        </Stack>
      </Group>
      {counts && (
        <Group gap={6} mt={8}>
          <ScopeSelect
            value={exemplar.scope}
            disabled={!mayChange || scope.isPending}
            onChoose={(next) => scope.mutate(next)}
          />
          <Button
            size="compact-xs"
            variant="default"
            aria-expanded={asks !== null}
            onClick={() => setAsks(asks ? null : exemplar.scope)}
          >
            {t('exemplar.preview')}
          </Button>
          {mayChange && (
            <Button
              size="compact-xs"
              variant="default"
              loading={undo.isPending}
              onClick={() =>
                modals.openConfirmModal({
                  title: t('exemplar.undo_title'),
                  children: <Text size="sm">{t('exemplar.undo_text')}</Text>,
                  labels: { confirm: t('exemplar.undo'), cancel: t('draw.cancel') },
                  closeButtonProps: { 'aria-label': t('exemplar.close') },
                  onConfirm: () => undo.mutate(),
                })
              }
            >
              {t('exemplar.undo')}
            </Button>
          )}
        </Group>
      )}
      <ProblemText error={scope.error ?? undo.error} />
      {asks && counts && <PreviewList id={exemplar.id} scope={asks} onScope={setAsks} />}
    </Paper>
  );
}

function useCounts({ undone_at: undoneAt, expires }: Exemplar): boolean {
  const now = useServerNow(60_000);
  return undoneAt == null && Date.parse(expires) > now;
}

function Origin({ exemplar }: { exemplar: Exemplar }) {
  const { t } = useTranslation('operator');
  const times = useTimes();
  return (
    <Text size="xs" c="dimmed" truncate>
      {t(exemplar.incident ? 'exemplar.by_verdict' : 'exemplar.by_hand', {
        name: exemplar.by_name.slice(0, 100),
        at: times.short(exemplar.at),
      })}
    </Text>
  );
}

function Ending({ exemplar }: { exemplar: Exemplar }) {
  const { t } = useTranslation('operator');
  const times = useTimes();
  const counts = useCounts(exemplar);
  const words = exemplar.undone_at
    ? t('exemplar.undone', { name: (exemplar.undone_by ?? '').slice(0, 100), at: times.short(exemplar.undone_at) })
    : t(counts ? 'exemplar.until' : 'exemplar.expired', { day: times.day(exemplar.expires) });
  return (
    <Text size="xs" c="dimmed" truncate>
      {words}
    </Text>
  );
}

/** Where it counts; the whole city is for those who see all of it. */
export function ScopeSelect({
  value,
  disabled = false,
  onChoose,
}: {
  value: ScopeKind;
  disabled?: boolean;
  onChoose: (scope: ScopeKind) => void;
}) {
  const { t } = useTranslation('operator');
  const seesAll = useSession().account.areas == null;
  return (
    <Select
      size="xs"
      w="7.5rem"
      allowDeselect={false}
      aria-label={t('exemplar.scope')}
      disabled={disabled}
      value={value}
      data={SCOPES.map((scope) => ({
        value: scope,
        label: t(`exemplar.scope_of.${scope}`),
        disabled: scope === 'city' && !seesAll,
      }))}
      onChange={(next) => next && next !== value && onChoose(next)}
    />
  );
}
