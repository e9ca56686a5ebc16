// The period, the matter and the area of a statistic: chosen here, kept in the address.
import { Button } from '@mantine/core';
import { DatePickerInput } from '@mantine/dates';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { areasQuery } from '@/api/areas';
import { serverNow } from '@/app/session/clock';
import { useSession } from '@/app/session/session';
import { useDayProps } from '@/components/days';
import { FilterChoice, Filters, useAddress } from '@/components/filters';
import { useMatters } from '@/components/matters';
import { beginOf, dayOf, isDay, plusDays, presets } from './period';
import type { Narrowing } from './wire';

export interface Chosen {
  /** First and last day, both included. */
  from: string;
  to: string;
  narrowing: Narrowing;
}

/** What the address says, or the last 30 days. */
export function useChosen(): Chosen {
  const [address] = useSearchParams();
  const { utc_offset } = useSession();
  const today = dayOf(serverNow(), utc_offset);
  const [wantedFrom, wantedTo] = [address.get('from'), address.get('to')];
  const to = isDay(wantedTo) ? wantedTo : today;
  const from = isDay(wantedFrom) && wantedFrom <= to ? wantedFrom : plusDays(to, -29);
  return {
    from,
    to,
    narrowing: {
      from: beginOf(from, utc_offset),
      until: beginOf(plusDays(to, 1), utc_offset),
      matter: address.get('matter') ?? undefined,
      area: address.get('area') ?? undefined,
    },
  };
}

export function NarrowingBar({ only = ['matter', 'area'] }: { only?: readonly ('matter' | 'area')[] }) {
  const { t } = useTranslation('supervisor');
  const dayProps = useDayProps();
  const [, set] = useAddress();
  const { from, to, narrowing } = useChosen();
  const { utc_offset } = useSession();
  const matters = useMatters();
  const areas = useQuery(areasQuery);
  const today = dayOf(serverNow(), utc_offset);
  return (
    <Filters label={t('narrowing.title')}>
      <DatePickerInput
        key={`${from} ${to}`}
        type="range"
        size="xs"
        w={230}
        label={t('narrowing.period')}
        {...dayProps}
        valueFormat="YYYY-MM-DD"
        allowSingleDateInRange
        maxDate={today}
        defaultValue={[from, to]}
        onChange={([first, last]) => {
          if (first && last) set({ from: first, to: last });
        }}
        ariaLabels={{
          previousMonth: t('narrowing.previous_month'),
          nextMonth: t('narrowing.next_month'),
          monthLevelControl: t('narrowing.choose_month'),
          yearLevelControl: t('narrowing.choose_year'),
        }}
      />
      <Button.Group aria-label={t('narrowing.presets')}>
        {presets(today).map((preset) => (
          <Button
            key={preset.key}
            size="xs"
            variant={preset.from === from && preset.to === to ? 'light' : 'default'}
            aria-pressed={preset.from === from && preset.to === to}
            onClick={() => set({ from: preset.from, to: preset.to })}
          >
            {t(`narrowing.${preset.key}`)}
          </Button>
        ))}
      </Button.Group>
      {only.includes('matter') && (
        <FilterChoice
          label={t('narrowing.matter')}
          all={t('narrowing.all')}
          options={matters.map((matter) => ({ value: matter.key, label: matter.name }))}
          value={narrowing.matter ?? null}
          onChoose={(matter) => set({ matter })}
        />
      )}
      {only.includes('area') && (
        <FilterChoice
          label={t('narrowing.area')}
          all={t('narrowing.all')}
          options={(areas.data ?? []).map((area) => area.name)}
          value={narrowing.area ?? null}
          onChoose={(area) => set({ area })}
          isSearched
        />
      )}
    </Filters>
  );
}
