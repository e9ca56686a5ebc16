import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { changeLanguage, LANGUAGES } from '@/i18n';

/** One button that names the other language in that language. */
export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const other = LANGUAGES.find((language) => language !== i18n.language) ?? 'en';
  return (
    <Button variant="subtle" size="compact-xs" lang={other} onClick={() => void changeLanguage(other)}>
      {t(`language.${other}`)}
    </Button>
  );
}
