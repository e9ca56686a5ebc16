import { IconArrowsLeftRight, IconPlayerPlay } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useServerNow } from '@/app/session/clock';
import { KeyCap } from '@/components/key-cap';
import { useTimes } from '@/components/time';
import type { IncidentDetailOut } from '../types';
import { addressOf, pictureOf, showable, type Shown, type StageState } from './stage-state';
import classes from './stage.module.css';

/** Everything that the stage can show, small, with its time and its key. */
export function Strip({ detail, stage }: { detail: IncidentDetailOut; stage: StageState }) {
  const { t } = useTranslation('review');
  const times = useTimes();
  const now = useServerNow(60_000);
  const all = showable(detail);
  const caption = (shown: Shown): string => {
    if (shown === 'compare' || shown === 'clip') return '';
    const wall = pictureOf(detail, shown)?.wall;
    return wall ? times.short(wall, now) : '';
  };
  return (
    <div className={classes.strip} role="group" aria-label={t('strip')}>
      {(['first', 'middle', 'latest', 'compare', 'clip'] as const).map((shown) => (
        <button
          key={shown}
          type="button"
          className={classes.thumb}
          disabled={!all.includes(shown)}
          aria-pressed={stage.shown === shown}
          aria-keyshortcuts={shown === 'compare' ? 'V' : shown === 'clip' ? 'Space' : undefined}
          onClick={() => stage.show(shown)}
        >
          <span className={classes.small}>
            <Small detail={detail} shown={shown} isUnmasked={stage.isUnmasked} />
          </span>
          <span className={classes.caption}>
            {t(`shown.${shown}`)}
            {shown === 'compare' && <KeyCap>V</KeyCap>}
            {shown === 'clip' && <KeyCap>{t('key.space')}</KeyCap>}
            {shown === 'first' && <KeyCap>A</KeyCap>}
            <span>{caption(shown)}</span>
          </span>
        </button>
      ))}
    </div>
  );
}

function Small({ detail, shown, isUnmasked }: { detail: IncidentDetailOut; shown: Shown; isUnmasked: boolean }) {
  if (shown === 'compare') return <IconArrowsLeftRight size={20} aria-hidden />;
  if (shown === 'clip') return <IconPlayerPlay size={20} aria-hidden />;
  const picture = pictureOf(detail, shown);
  const url = picture && addressOf(picture, isUnmasked);
  return url ? <img src={url} alt="" draggable={false} /> : null;
}
