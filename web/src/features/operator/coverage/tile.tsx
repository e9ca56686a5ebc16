import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { serverNow } from '@/app/session/clock';
import { Name } from '@/components/name';
import { mattersQuery, referenceUrl } from '../data';
import type { Row } from '../filter/filter';
import { useMoments } from '../moments';
import { StateBadge } from '../state-badge';
import { toneOf } from '../words';
import classes from './coverage-page.module.css';

/** A look that began this long after it was due is called late. */
const LATE_MS = 5_000;

export const Tile = memo(function Tile({ row: { stream, view } }: { row: Row }) {
  const { t } = useTranslation('operator');
  const moments = useMoments();
  const matters = useQuery(mattersQuery);
  const [gone, setGone] = useState<string | null>(null);
  const url = referenceUrl(view.view);
  const names = view.view.matters.map((key) => matters.data?.find((matter) => matter.key === key)?.name ?? key);
  const seen = view.latest_look?.ended;
  const late = view.lateness_ms ?? 0;
  return (
    <Link to={`/operator/views/${view.view.id}`} className={classes.tile} data-tone={toneOf(view)}>
      <div className={classes.picture}>
        {url && gone !== url ? (
          <img src={url} alt="" loading="lazy" decoding="async" draggable={false} onError={() => setGone(url)} />
        ) : (
          <span>{t(url ? 'coverage.picture_gone' : 'coverage.no_picture')}</span>
        )}
      </div>
      <div className={classes.words}>
        <div className={classes.line}>
          <Name size="sm" fw={500}>
            {stream.views.length > 1 ? `${stream.name} · ${view.view.name}` : stream.name}
          </Name>
          <StateBadge row={view} />
        </div>
        <Name size="xs" c="dimmed">
          {names.length > 0 ? names.join(t('and')) : t('cameras.no_matters')}
        </Name>
        <Text size="xs" c="dimmed" truncate>
          {seen ? t('coverage.seen', { ago: moments.span(serverNow() - Date.parse(seen)) }) : t('coverage.never_seen')}
          {late > LATE_MS && t('coverage.late', { late: moments.span(late) })}
        </Text>
        <Text size="xs" className={classes.reason} title={view.reason} truncate>
          {view.reason}
        </Text>
      </div>
    </Link>
  );
});
