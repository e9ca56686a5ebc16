import { Text } from '@mantine/core';
import { useEffect, useImperativeHandle, useRef, useState, type Ref } from 'react';
import { useTranslation } from 'react-i18next';
import { Stepper } from './stepper';
import classes from './stage.module.css';

export interface ClipControl {
  toggle: () => void;
  step: (direction: 1 | -1) => void;
}

/** The clip, with the browser's own controls and steps by single frames. Close up, the mouse moves the picture and keys play. */
export function Clip({
  url,
  control,
  isClose,
  onShown,
}: {
  url: string;
  control: Ref<ClipControl>;
  isClose: boolean;
  onShown?: (() => void) | undefined;
}) {
  const { t } = useTranslation('review');
  const video = useRef<HTMLVideoElement>(null);
  const stepper = useRef<Stepper>(null);
  const [isGone, setGone] = useState(false);
  useEffect(() => {
    if (!video.current) return;
    const made = new Stepper(video.current);
    stepper.current = made;
    return () => made.stop();
  }, []);
  useImperativeHandle(control, () => ({
    toggle: () => {
      const player = video.current;
      if (player?.paused) player.play().catch(() => setGone(true));
      else player?.pause();
    },
    step: (direction) => stepper.current?.step(direction),
  }));
  if (isGone) {
    return (
      <div className={classes.gone} role="alert">
        <Text fw={600}>{t('clip.gone')}</Text>
        <Text size="sm">{t('clip.gone_help')}</Text>
      </div>
    );
  }
  return (
    // The clip of a street camera has no sound and nobody speaks in it.

    <video
      ref={video}
      src={url}
      className={classes.video}
      aria-label={t('clip.label')}
      controls={!isClose}
      muted
      playsInline
      preload="auto"
      disablePictureInPicture
      onLoadedData={onShown}
      onError={() => {
        setGone(true);
        onShown?.();
      }}
    />
  );
}
