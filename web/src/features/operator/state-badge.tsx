import { useTranslation } from 'react-i18next';
import type { ViewCoverage } from './data';
import { stateOf, toneOf, type Tone } from './words';
import classes from './state-badge.module.css';

/** The state of a view: a word, and a dot whose shape tells the tone besides its colour. */
export function StateBadge({ row }: { row: Pick<ViewCoverage, 'coverage' | 'state'> }) {
  const { t } = useTranslation('operator');
  return <StateMark tone={toneOf(row)}>{t(`state.${stateOf(row)}`)}</StateMark>;
}

/** The same, for rows that bring their words along. */
export function StateMark({ tone, children }: { tone: Tone; children: string }) {
  return (
    <span className={classes.badge} data-tone={tone}>
      <span className={classes.dot} aria-hidden />
      {children}
    </span>
  );
}
