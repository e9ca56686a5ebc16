import { useTranslation } from 'react-i18next';
import type { ViewCoverage } from './data';
import { stateOf, toneOf } from './words';
import classes from './state-badge.module.css';

/** The state of a view: a word, and a dot whose shape tells the tone besides its colour. */
export function StateBadge({ row }: { row: Pick<ViewCoverage, 'coverage' | 'state'> }) {
  const { t } = useTranslation('operator');
  return (
    <span className={classes.badge} data-tone={toneOf(row)}>
      <span className={classes.dot} aria-hidden />
      {t(`state.${stateOf(row)}`)}
    </span>
  );
}
