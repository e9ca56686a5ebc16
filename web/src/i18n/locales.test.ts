import { describe, expect, it } from 'vitest';

const files = import.meta.glob<Record<string, unknown>>(
  ['./locales/*.json', './refusals/*.json', '../features/*/locales/*.json'],
  {
    eager: true,
    import: 'default',
  },
);

/** Every path to a text, with the placeholders that stand in it: `queue.waiting {{count}}`. */
function keys(texts: unknown, path = ''): string[] {
  if (typeof texts === 'string') {
    const holes = [...texts.matchAll(/{{-?\s*(\w+)/g)].map((hole) => hole[1]).sort();
    return [`${path.replace(/_(one|other)$/, '')} ${[...new Set(holes)].join(',')}`];
  }
  return Object.entries(texts as Record<string, unknown>).flatMap(([key, inner]) =>
    keys(inner, path ? `${path}.${key}` : key),
  );
}

const places = [...new Set(Object.keys(files).map((file) => file.replace(/[^/]+$/, '')))];

describe('texts', () => {
  it.each(places)('%s holds the same keys and placeholders in both languages', (place) => {
    const of = (language: string) => [...new Set(keys(files[`${place}${language}.json`]))].sort();
    expect(of('en').length).toBeGreaterThan(0);
    expect(of('en')).toEqual(of('zh-CN'));
  });

  it.each(Object.keys(files))('%s has no empty text', (file) => {
    const empty = JSON.stringify(files[file]).match(/"[^"]+":"\s*"/g);
    expect(empty).toBeNull();
  });
});
