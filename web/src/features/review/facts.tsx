import { Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useLimitText } from '@/components/limit';
import { useMatterLevel, useMatterName } from '@/components/matters';
import { useServerNow } from '@/app/session/clock';
import { Name } from '@/components/name';
import { useTimes } from '@/components/time';
import { Due } from './due';
import { spansOn } from './hours';
import { Reading } from './reading';
import { Similar } from './similar';
import type { IncidentDetailOut } from './types';
import classes from './desk.module.css';

/** Everything in words about one incident: what, where, since when, against which rule, and what would be filed. */
export function Facts({ detail, isTimed = true }: { detail: IncidentDetailOut; isTimed?: boolean }) {
  const matterName = useMatterName();
  const { t } = useTranslation('review');
  const { incident } = detail;
  const title =
    incident.review.state === 'confirmed'
      ? matterName(incident.matter_name)
      : t('suspected', { matter: matterName(incident.matter_name) });
  return (
    <aside className={classes.facts} aria-label={t('facts')}>
      <div className={classes.heading}>
        <Title order={2} size="h4">
          <Name lines={2}>{title}</Name>
        </Title>
        {isTimed && <Due at={detail.review_due_at} />}
      </div>
      <dl className={classes.list}>
        <Where detail={detail} />
        <Reading key={incident.id} detail={detail} />
        <When detail={detail} />
        <Rule detail={detail} />
        <Grounds detail={detail} />
      </dl>
      <Filing detail={detail} />
      <Similar id={incident.id} />
    </aside>
  );
}

/** What finding it rests on, how sure the detector was, and what the second model said of it. */
function Grounds({ detail }: { detail: IncidentDetailOut }) {
  const { t } = useTranslation('review');
  const levelOf = useMatterLevel();
  const times = useTimes();
  const { incident, verifications } = detail;
  const level = levelOf(incident.matter);
  const passed = verifications.find(({ refused }) => refused == null);
  return (
    <>
      <dt>{t('fact.score')}</dt>
      <dd>
        {incident.score.toFixed(2)}
        {level && (
          <Text span c="dimmed" size="xs" title={t(`grounds_means.${level}`)}>
            {' '}
            {t(`grounds.${level}`)}
          </Text>
        )}
      </dd>
      {passed && (
        <>
          <dt>{t('fact.second_look')}</dt>
          <dd title={t('fact.second_look_at', { at: times.short(passed.at) })}>
            {passed.verified.toFixed(2)}
            <Text span c="dimmed" size="xs">
              {' '}
              {t('fact.detector', { value: passed.proposed.toFixed(2) })}
              {passed.exemplar && ` · ${t('fact.exemplar', { value: passed.likeness?.toFixed(2) ?? '' })}`}
            </Text>
          </dd>
        </>
      )}
    </>
  );
}

function Where({ detail }: { detail: IncidentDetailOut }) {
  const { t } = useTranslation('review');
  const { location } = detail;
  return (
    <>
      <dt>{t('fact.camera')}</dt>
      <dd>
        <Name>{detail.stream_name ?? t('fact.removed')}</Name>
        {detail.view_name && (
          <Name c="dimmed" size="xs">
            {[detail.view_name, detail.area].filter(Boolean).join(' · ')}
          </Name>
        )}
      </dd>
      {location?.address && (
        <>
          <dt>{t('fact.address')}</dt>
          <dd>
            <Name>{location.address}</Name>
          </dd>
        </>
      )}
    </>
  );
}

function When({ detail }: { detail: IncidentDetailOut }) {
  const { t } = useTranslation('review');
  const times = useTimes();
  const now = useServerNow(30_000);
  const { incident } = detail;
  return (
    <>
      <dt>{t('fact.since')}</dt>
      <dd>
        {times.short(incident.recurrences > 0 && incident.open ? incident.since : incident.first_seen, now)}
        <Text span c="dimmed" size="xs">
          {' '}
          {incident.open ? t('fact.still_there') : t('fact.gone_since', { at: times.short(incident.since, now) })}
        </Text>
      </dd>
      <dt>{t('fact.dwell')}</dt>
      <dd>
        {detail.dwell_s == null ? '–' : times.span(detail.dwell_s)}
        {detail.looks_seen != null && (
          <Text span c="dimmed" size="xs">
            {' '}
            {t('fact.looks', { count: detail.looks_seen })}
          </Text>
        )}
      </dd>
      <dt>{t('fact.recurrences')}</dt>
      <dd>{incident.recurrences === 0 ? t('fact.first_time') : t('fact.again', { count: incident.recurrences })}</dd>
    </>
  );
}

function Rule({ detail }: { detail: IncidentDetailOut }) {
  const { t } = useTranslation('review');
  const times = useTimes();
  const { zone, incident } = detail;
  if (!zone) {
    return (
      <>
        <dt>{t('fact.zone')}</dt>
        <dd>
          <Name>{detail.zone_name ?? t('fact.removed')}</Name>
        </dd>
      </>
    );
  }
  const spans = spansOn(zone.hours ?? null, times.day(incident.first_seen));
  return (
    <>
      <dt>{t('fact.zone')}</dt>
      <dd>
        <Name>{zone.name}</Name>
        <Text c="dimmed" size="xs">
          {t(`zone_kind.${zone.kind}`)} · {t('fact.version', { version: zone.version })}
        </Text>
      </dd>
      <dt>{t('fact.hours')}</dt>
      <dd>{spans === null ? t('fact.always') : spans.length > 0 ? spans.join(t('fact.and')) : t('fact.no_hours')}</dd>
    </>
  );
}

/** What the platform would be told if it were confirmed now. */
function Filing({ detail }: { detail: IncidentDetailOut }) {
  const matterName = useMatterName();
  const { t } = useTranslation('review');
  const times = useTimes();
  const limitText = useLimitText();
  const now = useServerNow(30_000);
  const { limit_preview: limit } = detail;
  return (
    <section aria-label={t('filing.title')} className={classes.filing}>
      <Text size="xs" fw={600} c="dimmed">
        {t('filing.title')}
      </Text>
      <dl className={classes.list}>
        <dt>{t('filing.matter')}</dt>
        <dd>
          <Name>{matterName(detail.incident.matter_name)}</Name>
          <Text span size="xs" c="dimmed">
            {[detail.matter_code_2026, detail.matter_code_2013].filter(Boolean).join(' / ')}
          </Text>
        </dd>
        <dt>{t('filing.grid')}</dt>
        <dd>{detail.location?.grid_cell ? <Name>{detail.location.grid_cell}</Name> : t('filing.none')}</dd>
        <dt>{t('filing.limit')}</dt>
        <dd>
          {limit ? (
            <>
              {limitText(limit.text)}
              <Text span size="xs" c="dimmed">
                {' '}
                {t('filing.until', { at: times.short(limit.due_at, now) })}
              </Text>
            </>
          ) : (
            t('filing.none')
          )}
        </dd>
      </dl>
    </section>
  );
}
