import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';

/** Units of limits as the standard calls them; a limit of a case is kept in these words. */
const UNITS = new Map([
  ['紧急工作时', 'urgent_hour'],
  ['工作时', 'work_hour'],
  ['工作日', 'work_day'],
  ['紧急工作日', 'urgent_day'],
  ['自然日', 'natural_day'],
]);

/** A limit of the standard, `2 工作时`, in the chosen language. What is no such limit stays as it is. */
export function useLimitText(): (text: string) => string {
  const { t } = useTranslation();
  return useCallback(
    (text: string) => {
      const [, count, word = ''] = /^(\d+)\s*(\S+)$/.exec(text) ?? [];
      const unit = UNITS.get(word);
      return unit === undefined ? text : t(`limit.${unit}`, { count: Number(count) });
    },
    [t],
  );
}
