import { CloseButton, Group, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatters } from '@/components/matters';
import type { Stream } from '../data';
import { STATES } from '../words';
import type { Filter } from './filter';
import classes from './filter-bar.module.css';

interface Props {
  filter: Filter;
  onFilter: (change: Partial<Filter>) => void;
  streams: readonly Stream[];
  /** How many are shown, in words. */
  count: string;
  children?: ReactNode;
}

const TYPING_MS = 200;

export function FilterBar({ filter, onFilter, streams, count, children }: Props) {
  const { t } = useTranslation('operator');
  const matters = useMatters();
  const [search, setSearch] = useState(filter.search);
  const take = useDebouncedCallback((search: string) => onFilter({ search }), TYPING_MS);
  const areas = [...new Set(streams.map(({ area }) => area ?? ''))].sort();
  const change = (text: string) => {
    setSearch(text);
    take(text);
  };
  return (
    <Group className={classes.bar} gap="xs" role="search" aria-label={t('filter.label')}>
      <TextInput
        size="xs"
        w="15rem"
        leftSection={<IconSearch size={14} aria-hidden />}
        rightSection={search && <CloseButton size="xs" aria-label={t('filter.clear')} onClick={() => change('')} />}
        aria-label={t('filter.search')}
        placeholder={t('filter.search')}
        value={search}
        maxLength={200}
        onChange={(event) => change(event.currentTarget.value)}
      />
      <Select
        size="xs"
        w="9rem"
        clearable
        aria-label={t('filter.state')}
        placeholder={t('filter.all_states')}
        value={filter.state}
        data={[
          { value: 'bad', label: t('filter.bad') },
          ...STATES.map((value) => ({ value, label: t(`state.${value}`) })),
        ]}
        onChange={(state) => onFilter({ state: state })}
      />
      {areas.length > 1 && (
        <Select
          size="xs"
          w="9rem"
          clearable
          searchable
          aria-label={t('filter.area')}
          placeholder={t('filter.all_areas')}
          value={filter.area === '' ? NO_AREA : filter.area}
          data={areas.map((area) => ({ value: area || NO_AREA, label: area || t('filter.no_area') }))}
          onChange={(area) => onFilter({ area: area === NO_AREA ? '' : area })}
        />
      )}
      <Select
        size="xs"
        w="10rem"
        clearable
        aria-label={t('filter.matter')}
        placeholder={t('filter.all_matters')}
        value={filter.matter}
        data={matters.map(({ key, name }) => ({ value: key, label: name }))}
        onChange={(matter) => onFilter({ matter })}
      />
      <span className={classes.count} role="status">
        {count}
      </span>
      {children}
    </Group>
  );
}

/** A select takes no empty value; no area is called so. */
const NO_AREA = '\u0000';
