import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { useSession } from '@/app/session/session';
import { Moment } from '@/components/moment';
import { change, interval, kappaWord, limitShare, percent } from './numbers';
import { useNamed, useSpan } from './words';
import { Level } from './level';
import { HourMap } from './plots/hour-map';
import classes from './report-sheet.module.css';
import type { AgreementOut, ReportOut, StatisticsRow } from './wire';

/** The sheet of paper: A4 upright, black on white whatever the desk looks like. */
export function ReportSheet({ report, agreement }: { report: ReportOut; agreement: AgreementOut | undefined }) {
  const { t } = useTranslation('supervisor');
  const span = useSpan();
  const named = useNamed();
  const { account } = useSession();
  const { total, previous, coverage } = report;
  const [year, month] = report.month.split('-').map(Number);
  const compared: [string, string | number, string | number, string][] = [
    ...(['found', 'confirmed', 'rejected', 'duplicate', 'recurrences'] as const).map(
      (key): [string, string | number, string | number, string] => [
        t(`column.${key}`),
        total[key],
        previous?.[key] ?? '–',
        change(total[key], previous?.[key]),
      ],
    ),
    [t('column.precision'), interval(total.precision), interval(previous?.precision ?? null), '–'],
    [t('column.limit_share'), percent(limitShare(total)), percent(previous ? limitShare(previous) : null), '–'],
    [t('column.review_ms_p50'), span(total.review_ms_p50), span(previous?.review_ms_p50 ?? null), '–'],
    [t('column.review_ms_p90'), span(total.review_ms_p90), span(previous?.review_ms_p90 ?? null), '–'],
  ];
  return (
    <article className={`${classes.sheet} on-paper`} aria-label={t('report.page')}>
      <header className={classes.head}>
        <h2>{t('report.title', { city: report.city })}</h2>
        <p>
          {t('report.of_month', { year, month })} · {t('report.made_at')} <Moment at={report.made_at} /> ·{' '}
          {t('report.made_by', { name: account.display_name })}
        </p>
      </header>

      <section>
        <h3>{t('report.summary')}</h3>
        <p>
          {t('report.words', {
            found: total.found,
            confirmed: total.confirmed,
            rejected: total.rejected,
            precision: percent(total.precision?.value),
            kept: percent(limitShare(total)),
            recurrences: total.recurrences,
          })}
        </p>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{t('report.figure')}</th>
              <th scope="col">{t('report.this_month')}</th>
              <th scope="col">{t('report.month_before')}</th>
              <th scope="col">{t('report.change')}</th>
            </tr>
          </thead>
          <tbody>
            {compared.map(([name, ...cells]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {cells.map((cell, index) => (
                  <td key={index}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>

      <Breakdown
        title={t('report.by_matter')}
        name={t('dimension.matter')}
        rows={named('matter', report.by_matter)}
        withLevel
      />
      <Breakdown title={t('report.by_street')} name={t('dimension.street')} rows={report.by_street} />

      <section className={classes.whole}>
        <h3>{t('hot_spots.map')}</h3>
        <HourMap hours={report.hours} />
      </section>

      <Breakdown title={t('report.by_stream')} name={t('dimension.stream')} rows={report.by_stream_top} />

      <section className={classes.whole}>
        <h3>{t('report.quality')}</h3>
        {agreement && <p>{agreed(agreement, t)}</p>}
        <p>{t('report.coverage', { views: coverage.views, share: percent(coverage.covered_share) })}</p>
        <p className={classes.notes}>{t('report.notes')}</p>
      </section>

      <footer className={classes.signatures}>
        <span>{t('report.drawn_up')}</span>
        <span>{t('report.checked')}</span>
        <span>{t('report.approved')}</span>
      </footer>
    </article>
  );
}

/** What second reviews said, in a sentence or two. */
function agreed({ reviewed, agreed, kappa }: AgreementOut, t: TFunction<'supervisor'>): string {
  if (reviewed === 0) return t('report.no_agreement');
  const words = t('report.agreement', { reviewed, agreed, share: percent(agreed / reviewed) });
  if (kappa == null) return words;
  return words + t('report.kappa', { kappa: kappa.toFixed(2), word: t(`agreement.kappa_${kappaWord(kappa)}`) });
}

interface BreakdownProps {
  title: string;
  name: string;
  rows: StatisticsRow[];
  /** Whether rows are matters, and say what finding them rests on. */
  withLevel?: boolean;
}

function Breakdown({ title, name, rows, withLevel = false }: BreakdownProps) {
  const { t } = useTranslation('supervisor');
  const span = useSpan();
  if (rows.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{name}</th>
            <th scope="col">{t('column.found')}</th>
            <th scope="col">{t('column.confirmed')}</th>
            <th scope="col">{t('column.rejected')}</th>
            <th scope="col">{t('column.precision')}</th>
            <th scope="col">{t('column.review_ms_p50')}</th>
            <th scope="col">{t('column.limit_share')}</th>
            <th scope="col">{t('column.recurrences')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key}>
              <th scope="row">
                <bdi>{row.name || t('nameless')}</bdi>
                {withLevel && <Level matter={row.key} />}
              </th>
              <td>{row.found}</td>
              <td>{row.confirmed}</td>
              <td>{row.rejected}</td>
              <td>{interval(row.precision)}</td>
              <td>{span(row.review_ms_p50)}</td>
              <td>{percent(limitShare(row))}</td>
              <td>{row.recurrences}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
