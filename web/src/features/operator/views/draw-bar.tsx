// What can be drawn, and what happens with what was drawn.
import { ActionIcon, Button, Group, Text, Tooltip } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconArrowBackUp, IconArrowForwardUp, IconBuildingStore, IconEyeOff, IconPolygon } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from './draw-bar.module.css';

type Making = 'zone' | 'mask' | 'shop_line';

interface Props {
  making: Making | null;
  onBegin: (what: Making) => void;
  onFinish: () => void;
  onCancel: () => void;
  canFinish: boolean;
  fault: string | null;
  canUndo: boolean;
  canRedo: boolean;
  onUndo: () => void;
  onRedo: () => void;
  /** How many zones are not as the server has them. */
  changes: number;
  /** Somebody else saved in between. */
  isStale: boolean;
  onReset: () => void;
  onSave: () => void;
  isSaving: boolean;
  disabled: boolean;
}

const ICONS = { zone: IconPolygon, mask: IconEyeOff, shop_line: IconBuildingStore } as const;

export function DrawBar(props: Props) {
  const { t } = useTranslation('operator');
  const { making, changes, isStale, disabled } = props;
  useHotkeys([
    ['mod+Z', props.onUndo],
    ['mod+shift+Z', props.onRedo],
    ['mod+Y', props.onRedo],
    ['mod+S', () => changes > 0 && props.onSave()],
  ]);
  if (making !== null) {
    return (
      <Group className={classes.bar} gap="xs">
        <Text size="sm" fw={500}>
          {t(`draw.making.${making}`)}
        </Text>
        <Text size="xs" c={props.fault ? 'red' : 'dimmed'} role={props.fault ? 'alert' : undefined} flex={1}>
          {props.fault ?? t('draw.putting')}
        </Text>
        <Button size="compact-sm" onClick={props.onFinish} disabled={!props.canFinish}>
          {t('draw.finish')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={props.onCancel}>
          {t('draw.cancel')}
        </Button>
      </Group>
    );
  }
  return (
    <Group className={classes.bar} gap="xs">
      {(['zone', 'shop_line', 'mask'] as const).map((what) => {
        const Icon = ICONS[what];
        return (
          <Button
            key={what}
            size="compact-sm"
            variant="default"
            disabled={disabled}
            leftSection={<Icon size={15} aria-hidden />}
            onClick={() => props.onBegin(what)}
          >
            {t(`draw.begin.${what}`)}
          </Button>
        );
      })}
      <Tooltip label={t('draw.undo')}>
        <ActionIcon variant="subtle" aria-label={t('draw.undo')} disabled={!props.canUndo} onClick={props.onUndo}>
          <IconArrowBackUp size={17} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t('draw.redo')}>
        <ActionIcon variant="subtle" aria-label={t('draw.redo')} disabled={!props.canRedo} onClick={props.onRedo}>
          <IconArrowForwardUp size={17} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Text
        size="xs"
        c={props.fault ? 'red' : isStale ? 'orange' : 'dimmed'}
        flex={1}
        ta="right"
        role={props.fault ? 'alert' : 'status'}
      >
        {props.fault ??
          (isStale && changes > 0 ? t('draw.stale') : changes > 0 ? t('draw.unsaved', { count: changes }) : '')}
      </Text>
      {changes > 0 && (
        <Button size="compact-sm" variant="default" onClick={props.onReset} disabled={props.isSaving}>
          {t('draw.discard')}
        </Button>
      )}
      <Button size="compact-sm" onClick={props.onSave} loading={props.isSaving} disabled={changes === 0}>
        {t('draw.save')}
      </Button>
    </Group>
  );
}
