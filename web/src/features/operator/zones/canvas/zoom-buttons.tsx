import { ActionIcon, Group, Tooltip } from '@mantine/core';
import { IconArrowsMaximize, IconMinus, IconPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import classes from '../zone-canvas.module.css';
import { ZOOM_MAX, type Viewport } from './use-viewport';

export function ZoomButtons({ viewport: { zoom, magnify } }: { viewport: Viewport }) {
  const { t } = useTranslation('operator');
  const buttons = [
    { label: t('draw.zoom_out'), Icon: IconMinus, to: zoom / 1.5, isEnd: zoom <= 1 },
    { label: t('draw.zoom_in'), Icon: IconPlus, to: zoom * 1.5, isEnd: zoom >= ZOOM_MAX },
    { label: t('draw.zoom_fit'), Icon: IconArrowsMaximize, to: 1, isEnd: zoom === 1 },
  ];
  return (
    <Group gap={4} className={classes.zoom}>
      {buttons.map(({ label, Icon, to, isEnd }) => (
        <Tooltip key={label} label={label}>
          <ActionIcon variant="default" aria-label={label} disabled={isEnd} onClick={() => magnify(to)}>
            <Icon size={16} aria-hidden />
          </ActionIcon>
        </Tooltip>
      ))}
    </Group>
  );
}
