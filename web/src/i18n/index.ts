// Texts: one JSON per feature and language beside the feature, loaded when the feature is; `common` is always there.
import i18next, { type BackendModule, type ResourceKey } from 'i18next';
import { initReactI18next } from 'react-i18next';
import en from './locales/en.json';
import zh from './locales/zh-CN.json';
import refusals from './refusals';

export const LANGUAGES = ['zh-CN', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

const STORED = 'xunjie.language';

type Texts = () => Promise<{ default: ResourceKey }>;
const FEATURES = import.meta.glob('../features/*/locales/*.json') as Record<string, Texts>;

const features: BackendModule = {
  type: 'backend',
  init() {},
  read(language, namespace, done) {
    const load = FEATURES[`../features/${namespace}/locales/${language}.json`];
    if (!load) return done(new Error(`no texts of ${namespace} in ${language}`), false);
    load().then(
      (texts) => done(null, texts.default),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), true),
    );
  },
};

/** What the person chose, else Chinese: it is the language of the streets that we look at. */
export function storedLanguage(): Language {
  const stored = localStorage.getItem(STORED);
  return LANGUAGES.find((language) => language === stored) ?? 'zh-CN';
}

export async function changeLanguage(language: Language) {
  localStorage.setItem(STORED, language);
  await i18next.changeLanguage(language);
}

i18next.on('languageChanged', (language) => {
  document.documentElement.lang = language;
});

void i18next
  .use(features)
  .use(initReactI18next)
  .init({
    lng: storedLanguage(),
    showSupportNotice: false,
    fallbackLng: false,
    supportedLngs: LANGUAGES,
    ns: ['common', 'refusals'],
    defaultNS: 'common',
    partialBundledLanguages: true,
    resources: {
      'zh-CN': { common: zh, refusals: refusals['zh-CN'] },
      en: { common: en, refusals: refusals.en },
    },
    // React escapes what it draws; a second escaping would show as &amp;.
    interpolation: { escapeValue: false },
    react: { useSuspense: true },
  });

export default i18next;
