import { Text, VisuallyHidden } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { useMatterName } from '@/components/matters';
import { useServerNow } from '@/app/session/clock';
import { useTimes } from '@/components/time';
import { similarQuery } from './calls';
import { closeUp } from './towards';
import type { QueueItemOut } from './types';
import classes from './desk.module.css';

const SHOWN = 4;

/** What was found near that spot before, and the same matter around the corner. */
export function Similar({ id }: { id: string }) {
  const { t } = useTranslation('review');
  const { data, isError } = useQuery(similarQuery(id));
  if (isError) {
    return (
      <Text size="xs" c="dimmed">
        {t('similar.failed')}
      </Text>
    );
  }
  if (!data) return null;
  const all = [
    ...data.here.map((row) => ({ row, isHere: true })),
    ...data.nearby.map((row) => ({ row, isHere: false })),
  ];
  return (
    <section aria-label={t('similar.title')} className={classes.similar}>
      <Text size="xs" fw={600} c="dimmed">
        {t('similar.title')}{' '}
        {all.length > 0 && t('similar.counts', { here: data.here.length, nearby: data.nearby.length })}
      </Text>
      {all.length === 0 ? (
        <Text size="xs" c="dimmed">
          {t('similar.none')}
        </Text>
      ) : (
        <div className={classes.tiles}>
          {all.slice(0, SHOWN).map(({ row, isHere }) => (
            <Tile key={row.incident.id} row={row} isHere={isHere} />
          ))}
        </div>
      )}
    </section>
  );
}

function Tile({ row, isHere }: { row: QueueItemOut; isHere: boolean }) {
  const matterName = useMatterName();
  const { t } = useTranslation('review');
  const times = useTimes();
  const now = useServerNow(60_000);
  const { search } = useLocation();
  const { incident } = row;
  return (
    <Link to={{ pathname: `/review/${incident.id}`, search }} className={classes.tile}>
      <VisuallyHidden>{t('similar.open', { matter: matterName(incident.matter_name).slice(0, 100) })}</VisuallyHidden>
      <span className={classes.tilePicture}>
        {row.picture && (
          <img src={row.picture} alt="" loading="lazy" draggable={false} style={closeUp(incident.bbox)} />
        )}
      </span>
      <span>
        {t(isHere ? 'similar.here' : 'similar.nearby')} · {t(`state.${incident.review.state}`)}
      </span>
      <span>{times.short(incident.opened_at, now)}</span>
    </Link>
  );
}
