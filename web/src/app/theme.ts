import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

/** The one accent: a quiet blue that keeps 4.5:1 on white (shade 7) and on the dark ground (shade 3). */
const accent: MantineColorsTuple = [
  '#eef5fa', '#dde9f2', '#bad3e4', '#93bcd6', '#6fa5c8', '#4d8fb9', '#357ca9', '#236895', '#1c557b', '#154361',
]; // prettier-ignore

/** Greys of the dark scheme: blue-black, not pure black, so that pictures of the night still have an edge. */
const dark: MantineColorsTuple = [
  '#d7dce1', '#b4bcc4', '#98a2ac', '#727d88', '#3f4851', '#2f373f', '#242b32', '#1b2127', '#151a1f', '#0f1317',
]; // prettier-ignore

export const theme = createTheme({
  colors: { accent, dark },
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SFMono-Regular", Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'auto',
});

/** Words beside the main text keep 4.5:1 in both schemes; Mantine's own dimmed grey does not on a tinted ground. */
export const variables: CSSVariablesResolver = () => ({
  variables: { '--desk-header': '2.75rem' },
  light: {
    '--mantine-color-dimmed': '#56616b',
    '--mantine-color-placeholder': '#6a747e',
    '--mantine-color-error': '#b42318',
    '--mantine-color-body': '#fbfcfd',
    // Mantine's coloured words are made for large text; these keep 4.5:1 at every size, on tinted grounds too.
    '--mantine-color-orange-text': '#9a4600',
    '--mantine-color-orange-light-color': '#9a4600',
    '--mantine-color-yellow-text': '#7a5200',
    '--mantine-color-yellow-light-color': '#7a5200',
    '--mantine-color-red-text': '#b42318',
    '--mantine-color-red-light-color': '#b42318',
    '--mantine-color-green-text': '#1b6e3c',
    '--mantine-color-green-light-color': '#1b6e3c',
    '--mantine-color-teal-text': '#0b6b58',
    '--mantine-color-teal-light-color': '#0b6b58',
    '--desk-ground': '#f1f4f6',
    '--desk-line': '#d9dfe4',
    '--desk-picture': '#1b2127',
  },
  dark: {
    '--mantine-color-error': '#ff8787',
    '--mantine-color-dimmed': '#a3adb7',
    '--mantine-color-placeholder': '#8c97a2',
    '--desk-ground': '#0f1317',
    '--desk-line': '#2f373f',
    '--desk-picture': '#0a0d10',
  },
});

/** The nonce under which the server's policy lets style elements in; none outside of a built page. */
export function styleNonce(): string | undefined {
  const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
  return nonce && !nonce.startsWith('__') ? nonce : undefined;
}
