import { Badge, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Name } from '@/components/name';
import type { Matter, Zone } from '../data';
import { draftFaults, isChanged, isMask, type Draft } from '../zones/drafts';
import { STROKES } from '../zones/strokes';
import classes from './zone-list.module.css';

interface Props {
  drafts: readonly Draft[];
  base: readonly Zone[];
  selected: string | null;
  matters: readonly Matter[];
  onSelect: (key: string | null) => void;
}

/** All zones of the view; the one that is chosen is the one that is drawn on. */
export function ZoneList({ drafts, base, selected, matters, onSelect }: Props) {
  const { t } = useTranslation('operator');
  const all = matters.map(({ key }) => key);
  const named = (keys: readonly string[]) =>
    keys.map((key) => matters.find((matter) => matter.key === key)?.name ?? key).join(t('and'));
  if (drafts.length === 0) {
    return (
      <Text size="sm" c="dimmed" mb="sm">
        {t('zone.nothing')}
      </Text>
    );
  }
  return (
    <Stack gap={4} mb="sm" component="ul" p={0} m={0} className={classes.list}>
      {drafts.map((draft) => (
        <li key={draft.key}>
          <UnstyledButton
            className={classes.zone}
            aria-pressed={draft.key === selected}
            onClick={() => onSelect(draft.key === selected ? null : draft.key)}
          >
            <svg width="22" height="14" aria-hidden className={classes.swatch}>
              <line
                x1="1"
                y1="7"
                x2="21"
                y2="7"
                stroke={STROKES[draft.kind].colour}
                strokeWidth="4"
                strokeDasharray={STROKES[draft.kind].dash.map((part) => part / 2).join(' ')}
              />
            </svg>
            <div className={classes.words}>
              <Name size="sm" fw={500}>
                {draft.name || t('zone.unnamed')}
              </Name>
              <Text size="xs" c="dimmed" truncate>
                {t(`kind.${draft.kind}`)} · {isMask(draft, all) ? t('zone.all_matters') : named(draft.matters)}
              </Text>
            </div>
            <Group gap={4} wrap="nowrap">
              {draftFaults(draft).length > 0 && (
                <Badge size="sm" color="red" variant="light">
                  {t('zone.faulty')}
                </Badge>
              )}
              {isChanged(draft, base) && (
                <Badge size="sm" variant="light">
                  {t('zone.unsaved')}
                </Badge>
              )}
            </Group>
          </UnstyledButton>
        </li>
      ))}
    </Stack>
  );
}
