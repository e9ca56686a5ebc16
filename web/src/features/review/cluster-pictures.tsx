import { VisuallyHidden } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { useServerNow } from '@/app/session/clock';
import { KeyCap } from '@/components/key-cap';
import { useTimes } from '@/components/time';
import { fitColumns } from './fit-columns';
import { Boxes } from './stage/boxes';
import type { QueueItemOut } from './types';
import classes from './clusters.module.css';

const GAP_PX = 8;
/** Caption and borders of a tile. */
const CAPTION_PX = 32;

interface Props {
  rows: readonly QueueItemOut[];
  out: ReadonlySet<string>;
  onToggle: (id: string) => void;
}

/** Every picture of a group; as large as their number allows. */
export function ClusterPictures({ rows, out, onToggle }: Props) {
  const { t } = useTranslation('review');
  const times = useTimes();
  const now = useServerNow(60_000);
  const { ref, width, height } = useElementSize<HTMLUListElement>();
  const columns = fitColumns(rows.length, { width, height }, GAP_PX, CAPTION_PX);
  return (
    <ul ref={ref} className={classes.pictures} style={{ '--columns': columns } as React.CSSProperties}>
      {rows.map(({ incident, picture, stream_name: camera }, index) => {
        const isOut = out.has(incident.id);
        const at = times.short(incident.opened_at, now);
        return (
          <li key={incident.id}>
            <button
              type="button"
              className={classes.picture}
              aria-pressed={isOut}
              onClick={() => onToggle(incident.id)}
            >
              <VisuallyHidden>
                {t(isOut ? 'cluster.put_back' : 'cluster.take_out', { camera: camera.slice(0, 100) })}
              </VisuallyHidden>
              <span className={classes.whole}>
                {picture && (
                  <span className={classes.held}>
                    <img src={picture} alt="" draggable={false} />
                    <Boxes bbox={incident.bbox} polygon={null} />
                  </span>
                )}
              </span>
              <span className={classes.caption}>
                {index < 9 && <KeyCap>{String(index + 1)}</KeyCap>}
                {at}
                {isOut && <b>{t('cluster.out')}</b>}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
