import { describe, expect, it } from 'vitest';
import document from '../../../openapi.json';
import refusals from '.';

interface Schema {
  enum?: string[];
  properties?: Record<string, Schema>;
  oneOf?: Schema[];
}
const schemas = document.components.schemas as unknown as Record<string, Schema>;

/** Every code with the names of its parameters, as the API's document tells them. */
function codes(name: 'Refusal' | 'Want'): Record<string, string[]> {
  return Object.fromEntries(
    (schemas[name]?.oneOf ?? []).map(({ properties }) => [
      properties?.code?.enum?.[0] ?? '',
      Object.keys(properties?.params?.properties ?? {}),
    ]),
  );
}

const holes = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((hole) => hole[1] ?? '');

describe.each(Object.entries(refusals))('what is refused, in %s', (_, texts) => {
  it.each(['Refusal', 'Want'] as const)('every %s has words, and they name nothing that it does not bring', (name) => {
    const known = codes(name);
    const words: Record<string, string> = texts[name === 'Refusal' ? 'refusal' : 'want'];
    expect(Object.keys(known).length).toBeGreaterThan(40);
    expect(Object.keys(words).sort()).toEqual(Object.keys(known).sort());
    for (const [code, text] of Object.entries(words)) {
      expect(known[code], code).toEqual(expect.arrayContaining(holes(text)));
    }
  });

  it.each([
    ['Thing', 'thing'],
    ['Port', 'port'],
  ] as const)('every %s has a name', (name, part) => {
    expect(Object.keys(texts[part]).sort()).toEqual([...(schemas[name]?.enum ?? [])].sort());
  });
});
