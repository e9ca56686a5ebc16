import { IconArrowsLeftRight, IconPlayerPlay } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { KeyCap } from '@/components/key-cap';
import { useTimes } from '@/components/time';
import type { IncidentDetailOut } from '../types';
import { addressOf, pictureOf, showable, type Shown, type StageState } from './stage-state';
import classes from './stage.module.css';

/** Everything that the stage can show, small, with its time and its key. */
export function Strip({ detail, stage }: { detail: IncidentDetailOut; stage: StageState }) {
  const { t } = useTranslation('review');
  const all = showable(detail);
  const wallOf = (shown: Shown) =>
    shown === 'compare' || shown === 'clip' ? undefined : pictureOf(detail, shown)?.wall;
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
            <Moment wall={wallOf(shown)} />
          </span>
        </button>
      ))}
    </div>
  );
}

/** The time of day, which is all that there is room for; the date stands beside the pictures and in the hint. */
function Moment({ wall }: { wall: string | null | undefined }) {
  const times = useTimes();
  return wall ? <span title={times.moment(wall)}>{times.short(wall, Date.parse(wall))}</span> : <span />;
}

function Small({ detail, shown, isUnmasked }: { detail: IncidentDetailOut; shown: Shown; isUnmasked: boolean }) {
  if (shown === 'compare') return <IconArrowsLeftRight size={20} aria-hidden />;
  if (shown === 'clip') return <IconPlayerPlay size={20} aria-hidden />;
  const picture = pictureOf(detail, shown);
  const url = picture && addressOf(picture, isUnmasked);
  return url ? <img src={url} alt="" draggable={false} /> : null;
}
