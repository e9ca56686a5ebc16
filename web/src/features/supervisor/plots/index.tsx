import { useTranslation } from 'react-i18next';
import { interval, limitShare, percent } from '../numbers';
import { useSpan } from '../words';
import type { Dimension, StatisticsRow } from '../wire';
import { Figure } from './figure';
import { Precisions } from './precisions';
import { Stacks } from './stacks';

/** Rows that a plot can bear; the table below them holds all. */
const ROWS_MAX = 14;

interface Props {
  by: Dimension;
  rows: StatisticsRow[];
  total: StatisticsRow;
}

/** The plots of a statistic. Rows without a name are called so. */
export function Plots({ by, rows, total }: Props) {
  const { t } = useTranslation('supervisor');
  const span = useSpan();
  const upright = by === 'day' || by === 'hour';
  const named = rows.map((row) => ({ ...row, name: row.name || t('nameless') }));
  const drawn = upright ? named : [...named].sort((a, b) => b.found - a.found).slice(0, ROWS_MAX);
  const of = (key: string) => t(`column.${key}`);
  const outcome = ['confirmed', 'rejected', 'duplicate', 'waiting'] as const;
  const limits = ['limit_kept', 'limit_missed', 'limit_running'] as const;
  const measured = drawn.flatMap(({ name, precision }) => (precision ? [{ name, share: precision }] : []));
  const reasons = Object.entries(total.rejected_by).sort(([, a], [, b]) => b - a);
  return (
    <>
      <Figure
        title={t('plots.outcome')}
        summary={t('plots.outcome_summary', {
          found: total.found,
          confirmed: total.confirmed,
          rejected: total.rejected,
        })}
        head={[t(`dimension.${by}`), ...outcome.map(of)]}
        rows={named.map((row) => [row.name, ...outcome.map((key) => row[key])])}
      >
        <Stacks
          upright={upright}
          rows={drawn.map((row) => ({ ...plain(row) }))}
          parts={outcome.map((key) => ({ key, name: of(key), colour: `var(--plot-${key})` }))}
        />
      </Figure>
      <Figure
        title={t('plots.precision')}
        summary={t('plots.precision_summary', { precision: interval(total.precision) })}
        head={[t(`dimension.${by}`), of('precision')]}
        rows={named.map((row) => [row.name, interval(row.precision)])}
      >
        <Precisions upright={upright} rows={measured} />
      </Figure>
      <Figure
        title={t('plots.reasons')}
        summary={t('plots.reasons_summary', { rejected: total.rejected })}
        head={[t('column.reason'), of('rejected'), t('column.share')]}
        rows={reasons.map(([reason, count]) => [
          t(`reason.${reason}`, { defaultValue: reason }),
          count,
          percent(total.rejected === 0 ? null : count / total.rejected),
        ])}
      >
        <Stacks
          upright={false}
          rows={reasons.map(([reason, count]) => ({ name: t(`reason.${reason}`, { defaultValue: reason }), count }))}
          parts={[{ key: 'count', name: of('rejected'), colour: 'var(--plot-rejected)' }]}
        />
      </Figure>
      <Figure
        title={t('plots.limits')}
        summary={t('plots.limits_summary', { share: percent(limitShare(total)) })}
        head={[t(`dimension.${by}`), ...limits.map(of), of('limit_share')]}
        rows={named.map((row) => [row.name, ...limits.map((key) => row[key]), percent(limitShare(row))])}
      >
        <Stacks
          upright={upright}
          rows={drawn.map((row) => ({ ...plain(row) }))}
          parts={limits.map((key) => ({ key, name: of(key), colour: `var(--plot-${key.slice('limit_'.length)})` }))}
        />
      </Figure>
      <Figure
        title={t('plots.review')}
        summary={t('plots.review_summary', { p50: span(total.review_ms_p50), p90: span(total.review_ms_p90) })}
        head={[t(`dimension.${by}`), of('review_ms_p50'), of('review_ms_p90')]}
        rows={named.map((row) => [row.name, span(row.review_ms_p50), span(row.review_ms_p90)])}
      >
        <Stacks
          upright={upright}
          unit="min"
          rows={drawn.map((row) => ({
            name: row.name,
            p50: minutes(row.review_ms_p50),
            rest: minutes(row.review_ms_p90) - minutes(row.review_ms_p50),
          }))}
          parts={[
            { key: 'p50', name: of('review_ms_p50'), colour: 'var(--plot-confirmed)' },
            { key: 'rest', name: t('plots.up_to_p90'), colour: 'var(--plot-waiting)' },
          ]}
        />
      </Figure>
      <Figure
        title={t('plots.recurrences')}
        summary={t('plots.recurrences_summary', { count: total.recurrences })}
        head={[t(`dimension.${by}`), of('recurrences')]}
        rows={named.map((row) => [row.name, row.recurrences])}
      >
        <Stacks
          upright={upright}
          rows={drawn.map((row) => ({ name: row.name, recurrences: row.recurrences }))}
          parts={[{ key: 'recurrences', name: of('recurrences'), colour: 'var(--plot-duplicate)' }]}
        />
      </Figure>
    </>
  );
}

const minutes = (ms: number | null | undefined) => Math.round((ms ?? 0) / 600) / 100;

/** The counts alone. */
function plain({
  name,
  found,
  confirmed,
  rejected,
  duplicate,
  waiting,
  limit_kept,
  limit_missed,
  limit_running,
}: StatisticsRow) {
  return { name, found, confirmed, rejected, duplicate, waiting, limit_kept, limit_missed, limit_running };
}
