// One spot: its picture, who saw what there, and what a person says of it.
import { Badge, Button, Group, Paper, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { KeyCap } from '@/components/key-cap';
import { useMatters } from '@/components/matters';
import { Name } from '@/components/name';
import { useTimes } from '@/components/time';
import { pictureOf, TRUTHS, type Rival, type Spot, type Truth } from './data';
import { useViewName } from './summary';
import classes from './shadow.module.css';

const KEYS: Record<Truth, string> = { something: 'C', nothing: 'X', unclear: 'S' };

interface Props {
  spot: Spot;
  named: (model: Rival) => string;
  /** Keys act on it. */
  isCurrent: boolean;
  isBusy: boolean;
  onChoose: () => void;
  onSay: (truth: Truth | null) => void;
}

export function SpotCard({ spot, named, isCurrent, isBusy, onChoose, onSay }: Props) {
  const { t } = useTranslation('operator');
  const times = useTimes();
  const viewName = useViewName();
  const matters = useMatters();
  const matter = matters.find(({ key }) => key === spot.matter)?.name ?? spot.matter;
  const scores = {
    own: spot.seen_by === 'own' ? spot.score : spot.other,
    shadow: spot.seen_by === 'own' ? spot.other : spot.score,
  };
  return (
    <Paper
      withBorder
      component="li"
      id={spot.id}
      className={classes.spot}
      data-current={isCurrent}
      data-judged={spot.judgement != null}
      aria-current={isCurrent || undefined}
      onFocus={onChoose}
      onPointerDown={onChoose}
    >
      <Picture spot={spot} alt={t('shadow.picture', { matter, view: viewName(spot.view) })} />
      <Stack gap={2} p="xs" miw={0}>
        <Badge variant="light" radius="sm" tt="none" color={spot.seen_by === 'own' ? 'gray' : 'accent'}>
          {t(`shadow.seen_by.${spot.seen_by}`)}
        </Badge>
        <Name size="sm" fw={500}>
          {matter}
        </Name>
        <Name size="xs">{viewName(spot.view)}</Name>
        {(['own', 'shadow'] as const).map((part) => (
          <Group key={part} gap={6} wrap="nowrap" justify="space-between">
            <Name size="xs" c="dimmed">
              {t(`shadow.model.${part}`, { name: named(spot[part]) })}
            </Name>
            <Text component="span" size="xs" flex="none">
              {scores[part] == null ? t('shadow.no_box') : scores[part].toFixed(2)}
            </Text>
          </Group>
        ))}
        <When name={t('shadow.seen_first')} at={times.short(spot.first)} />
        <When name={t('shadow.seen', { count: spot.looks })} at={times.short(spot.latest)} />
        <Answer spot={spot} isCurrent={isCurrent} isBusy={isBusy} onSay={onSay} />
      </Stack>
    </Paper>
  );
}

function Picture({ spot, alt }: { spot: Spot; alt: string }) {
  const { t } = useTranslation('operator');
  const [gone, setGone] = useState(false);
  return (
    <div className={classes.picture}>
      {gone ? (
        <span>{t('shadow.no_picture')}</span>
      ) : (
        <img src={pictureOf(spot)} alt={alt} loading="lazy" decoding="async" onError={() => setGone(true)} />
      )}
    </div>
  );
}

function When({ name, at }: { name: string; at: string }) {
  return (
    <Group gap={6} wrap="nowrap" justify="space-between">
      <Name size="xs" c="dimmed">
        {name}
      </Name>
      <Text component="span" size="xs" c="dimmed" flex="none">
        {at}
      </Text>
    </Group>
  );
}

type AnswerProps = Pick<Props, 'spot' | 'isCurrent' | 'isBusy' | 'onSay'>;

/** What was said and by whom, or what can be said. */
function Answer({ spot: { judgement }, isCurrent, isBusy, onSay }: AnswerProps) {
  const { t } = useTranslation('operator');
  const times = useTimes();
  if (!judgement) {
    return (
      <Stack gap={4} mt="auto">
        {TRUTHS.map((truth) => (
          <Button
            key={truth}
            size="compact-sm"
            variant="default"
            justify="space-between"
            disabled={isBusy}
            aria-keyshortcuts={isCurrent ? KEYS[truth] : undefined}
            rightSection={isCurrent && <KeyCap>{KEYS[truth]}</KeyCap>}
            onClick={() => onSay(truth)}
          >
            {t(`shadow.truth.${truth}`)}
          </Button>
        ))}
      </Stack>
    );
  }
  return (
    <Stack gap={4} mt="auto">
      <Text size="sm" fw={500}>
        {t(`shadow.truth.${judgement.truth}`)}
        {judgement.right && ` · ${t(`shadow.right.${judgement.right}`)}`}
      </Text>
      <Name size="xs" c="dimmed">
        {t('shadow.said', { name: judgement.by_name.slice(0, 100), at: times.short(judgement.at) })}
      </Name>
      <Button
        size="compact-sm"
        variant="default"
        justify="space-between"
        loading={isBusy}
        aria-keyshortcuts={isCurrent ? 'Z' : undefined}
        rightSection={isCurrent && <KeyCap>Z</KeyCap>}
        onClick={() => onSay(null)}
      >
        {t('shadow.take_back')}
      </Button>
    </Stack>
  );
}
