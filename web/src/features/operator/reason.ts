import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';

interface Reasoned {
  reason?: string | null;
  reason_en?: string | null;
}

/** Why a view is not covered, or a look could not judge, in the chosen language. */
export function useReason(): (of: Reasoned) => string {
  const { i18n } = useTranslation();
  const isEnglish = i18n.language === 'en';
  return useCallback(({ reason, reason_en: english }) => (isEnglish ? english || reason : reason) ?? '', [isEnglish]);
}
