import { memo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { tileUrl } from '../data';
import type { Row } from '../filter/filter';
import { PlainName } from '../plain-name';
import type { RowWords } from '../row-words';
import { StateMark } from '../state-badge';
import { toneOf } from '../words';
import classes from './coverage-page.module.css';

/** A look that began this long after it was due is called late. */
const LATE_MS = 5_000;

export const Tile = memo(function Tile({ stream, view, words }: Row & { words: RowWords }) {
  const { t } = useTranslation('operator');
  const { moments } = words;
  const [gone, setGone] = useState<string | null>(null);
  const url = tileUrl(view.view);
  const seen = view.latest_look?.ended;
  const late = view.lateness_ms ?? 0;
  return (
    <Link to={`/operator/coverage/${view.view.id}`} className={classes.tile} data-tone={toneOf(view)}>
      <div className={classes.picture}>
        {url && gone !== url ? (
          <img src={url} alt="" decoding="async" draggable={false} onError={() => setGone(url)} />
        ) : (
          <span>{t(url ? 'coverage.picture_gone' : 'coverage.no_picture')}</span>
        )}
      </div>
      <div className={classes.words}>
        <div className={classes.line}>
          <PlainName>{stream.views.length > 1 ? `${stream.name} · ${view.view.name}` : stream.name}</PlainName>
          <StateMark tone={toneOf(view)}>{words.state(view)}</StateMark>
        </div>
        <PlainName small>{words.matters(view)}</PlainName>
        <PlainName small>
          {(seen ? t('coverage.seen', { at: moments.short(seen) }) : t('coverage.never_seen')) +
            (late > LATE_MS ? t('coverage.late', { late: moments.span(late / 1_000) }) : '')}
        </PlainName>
        <PlainName small>{words.reason(view)}</PlainName>
      </div>
    </Link>
  );
});
