import { ActionIcon, Button, Group, Tooltip } from '@mantine/core';
import {
  IconEyeOff,
  IconEyeCheck,
  IconZoomIn,
  IconZoomOut,
  IconZoomReset,
  IconBoxModel2,
  IconBoxModel2Off,
} from '@tabler/icons-react';
import { useEffect, type Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatterName } from '@/components/matters';
import { KeyCap } from '@/components/key-cap';
import type { IncidentDetailOut } from '../types';
import { Boxes } from './boxes';
import { Clip, type ClipControl } from './clip';
import { Compare } from './compare';
import { Picture } from './picture';
import { addressOf, aspectOf, pictureOf, type StageState } from './stage-state';
import { Strip } from './strip';
import classes from './stage.module.css';
import type { Zoom } from './fit';

interface Props {
  detail: IncidentDetailOut;
  stage: StageState;
  zoom: Zoom;
  clip: Ref<ClipControl>;
  mayUnmask: boolean;
}

/** The pictures of one incident: the one that is looked at, and a strip of all. */
export function Stage({ detail, stage, zoom, clip, mayUnmask }: Props) {
  const { shown, isUnmasked } = stage;
  const { setFrame, setContent, reset } = zoom;
  const id = detail.incident.id;
  const isFlat = shown !== 'compare';
  // The pictures of one incident keep the same piece in sight, so that it can be followed from one to the next.
  useEffect(() => reset(), [id, isFlat, reset]);
  return (
    <div className={classes.stage}>
      <div className={classes.frame} ref={isFlat ? setFrame : undefined}>
        <div className={classes.content} ref={setContent}>
          <Content detail={detail} stage={stage} clip={clip} isClose={zoom.isClose} />
        </div>
      </div>
      <div className={classes.below}>
        <Strip detail={detail} stage={stage} />
        <div className={classes.tools}>
          {mayUnmask && detail.pictures.some((picture) => picture.original) && (
            <Unmask isUnmasked={isUnmasked} unmask={stage.unmask} />
          )}
          <Group gap={2} wrap="nowrap">
            <Tools stage={stage} zoom={zoom} isOff={!isFlat} />
          </Group>
        </div>
      </div>
    </div>
  );
}

function Content({ detail, stage, clip, isClose }: Pick<Props, 'detail' | 'stage' | 'clip'> & { isClose: boolean }) {
  const matterName = useMatterName();
  const { t } = useTranslation('review');
  const { shown, isUnmasked, withBoxes, seen } = stage;
  const latest = pictureOf(detail, 'latest');
  const matter = matterName(detail.incident.matter_name);
  if (shown === 'clip' && detail.clip)
    return <Clip key={detail.clip.url} url={detail.clip.url} control={clip} isClose={isClose} onShown={seen} />;
  if (shown === 'compare' && detail.reference && latest) {
    const url = addressOf(latest, isUnmasked);
    if (url)
      return <Compare key={url} reference={detail.reference} latest={url} aspect={aspectOf(latest)} onShown={seen} />;
  }
  const picture = shown === 'compare' || shown === 'clip' ? latest : pictureOf(detail, shown);
  const url = picture && addressOf(picture, isUnmasked);
  if (!picture || !url) {
    return (
      <div className={classes.gone} role="status">
        {t('picture.none')}
      </div>
    );
  }
  return (
    <Picture
      key={url}
      url={url}
      aspect={aspectOf(picture)}
      alt={t(`picture.alt.${picture.role}`, { matter })}
      onShown={seen}
    >
      {withBoxes && (
        <Boxes
          bbox={picture.boxed && !isUnmasked ? null : (picture.bbox ?? null)}
          polygon={detail.zone?.polygon ?? null}
        />
      )}
    </Picture>
  );
}

function Unmask({ isUnmasked, unmask }: { isUnmasked: boolean; unmask: () => void }) {
  const { t } = useTranslation('review');
  return (
    <Tooltip label={isUnmasked ? t('unmask.done') : t('unmask.help')}>
      <Button
        size="compact-xs"
        variant="subtle"
        color={isUnmasked ? 'orange' : 'gray'}
        leftSection={isUnmasked ? <IconEyeCheck size={16} aria-hidden /> : <IconEyeOff size={16} aria-hidden />}
        rightSection={isUnmasked ? undefined : <KeyCap>U</KeyCap>}
        aria-keyshortcuts="U"
        aria-disabled={isUnmasked}
        onClick={unmask}
      >
        {isUnmasked ? t('unmask.done_short') : t('unmask.label')}
      </Button>
    </Tooltip>
  );
}

function Tools({ stage, zoom, isOff }: { stage: StageState; zoom: Zoom; isOff: boolean }) {
  const { t } = useTranslation('review');
  const BoxIcon = stage.withBoxes ? IconBoxModel2 : IconBoxModel2Off;
  const tools = [
    { label: t('tool.boxes'), key: 'B', Icon: BoxIcon, act: stage.toggleBoxes, pressed: stage.withBoxes },
    { label: t('tool.closer'), key: '+', Icon: IconZoomIn, act: zoom.closer },
    { label: t('tool.further'), key: '-', Icon: IconZoomOut, act: zoom.further },
    { label: t('tool.whole'), key: '0', Icon: IconZoomReset, act: zoom.reset },
  ];
  return tools.map(({ label, key, Icon, act, pressed }) => (
    <Tooltip key={key} label={`${label} (${key})`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        disabled={isOff}
        onClick={act}
        aria-label={label}
        aria-keyshortcuts={key}
        aria-pressed={pressed}
      >
        <Icon size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  ));
}
