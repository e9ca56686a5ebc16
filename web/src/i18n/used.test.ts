import { describe, expect, it } from 'vitest';

const texts = import.meta.glob<Record<string, unknown>>(['./locales/zh-CN.json', '../features/*/locales/zh-CN.json'], {
  eager: true,
  import: 'default',
});
const sources = import.meta.glob<string>(['../**/*.tsx', '../**/*.ts', '!../**/*.test.*'], {
  eager: true,
  import: 'default',
  query: '?raw',
});

/** Whether the texts hold the key, in one of its plural forms. */
function holds(namespace: string, key: string): boolean {
  const file = namespace === 'common' ? './locales/zh-CN.json' : `../features/${namespace}/locales/zh-CN.json`;
  const parts = key.split('.');
  const last = parts.pop() ?? '';
  let inner: unknown = texts[file];
  for (const part of parts) inner = (inner as Record<string, unknown> | undefined)?.[part];
  const level = inner as Record<string, unknown> | undefined;
  return level?.[last] !== undefined || level?.[`${last}_other`] !== undefined;
}

/** Keys that are written out in a source: `t('a.b')`, `t(found ? 'a' : 'b')`, with the namespace that they are in. */
function used(source: string): [namespace: string, key: string][] {
  const namespace = /useTranslation\(\[?'(\w+)'/.exec(source)?.[1] ?? 'common';
  const calls = [...source.matchAll(/\bt\(([^()`]*?)[,)]/g)].flatMap((call) => [
    ...(call[1] ?? '').matchAll(/(?<![=!]== )'([\w:]+(?:\.\w+)*)'/g),
  ]);
  return calls.map((call) => {
    const [first = '', second] = (call[1] ?? '').split(':');
    return second === undefined ? [namespace, first] : [first, second];
  });
}

describe('keys of texts', () => {
  const withKeys = Object.entries(sources)
    .map(([path, source]) => [path, used(source)] as const)
    .filter(([, keys]) => keys.length > 0);

  it('are found in the sources', () => expect(withKeys.length).toBeGreaterThan(10));

  it.each(withKeys)('of %s exist', (_, keys) => {
    expect(keys.filter(([namespace, key]) => !holds(namespace, key))).toEqual([]);
  });
});
