// What all choosers of days have in common: the language, Monday first, days as ISO writes them.
import '@mantine/dates/styles.css';
import 'dayjs/locale/zh-cn';
import { useTranslation } from 'react-i18next';

/** Properties of a chooser of days or months. */
export function useDayProps() {
  const { i18n } = useTranslation();
  return { locale: i18n.language === 'zh-CN' ? 'zh-cn' : 'en', firstDayOfWeek: 1 } as const;
}
