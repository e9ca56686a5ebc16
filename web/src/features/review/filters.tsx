import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useAddress } from '@/components/filters';
import { useMatters } from '@/components/matters';
import { areasQuery } from '@/api/areas';
import type { QueueFilter } from './types';

/** The filter of the address, so that it survives a reload and can be sent to a colleague. */
export function useFilter(): [QueueFilter, (change: Partial<QueueFilter>) => void] {
  const [params, set] = useAddress();
  const matter = params.get('matter');
  const area = params.get('area');
  const filter = useMemo(() => ({ matter, area }), [matter, area]);
  return [filter, (changes) => set({ ...changes })];
}

export function Filters() {
  const { t } = useTranslation('review');
  const [filter, change] = useFilter();
  const matters = useMatters();
  const { data: areas } = useQuery(areasQuery);
  return (
    <>
      <Select
        size="xs"
        aria-label={t('filter.matter')}
        placeholder={t('filter.all_matters')}
        data={matters.map(({ key, name }) => ({ value: key, label: name }))}
        value={filter.matter}
        onChange={(matter) => change({ matter })}
        clearable
      />
      {(areas?.length ?? 0) > 1 && (
        <Select
          size="xs"
          aria-label={t('filter.area')}
          placeholder={t('filter.all_areas')}
          data={(areas ?? []).map(({ name }) => name)}
          value={filter.area}
          onChange={(area) => change({ area })}
          clearable
          searchable
        />
      )}
    </>
  );
}
