// The words of rows, made once for a whole list: a row that is drawn while somebody scrolls asks nothing and subscribes
// to nothing.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatters } from '@/components/matters';
import type { ViewCoverage } from './data';
import { useTimes, type Times } from '@/components/time';
import { useReason } from './reason';
import { stateOf } from './words';

export interface RowWords {
  moments: Times;
  /** Names of what a view looks for. */
  matters: (view: ViewCoverage) => string;
  state: (view: ViewCoverage) => string;
  /** Why it is not covered; empty when it is. */
  reason: (view: ViewCoverage) => string;
}

export function useRowWords(): RowWords {
  const { t } = useTranslation('operator');
  const moments = useTimes();
  const matters = useMatters();
  const reason = useReason();
  return useMemo(() => {
    const names = new Map(matters.map(({ key, name }) => [key, name]));
    return {
      moments,
      matters: ({ view }) =>
        view.matters.length > 0
          ? view.matters.map((key) => names.get(key) ?? key).join(t('and'))
          : t('cameras.no_matters'),
      state: (view) => t(`state.${stateOf(view)}`),
      reason,
    };
  }, [t, moments, matters, reason]);
}
