import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { afterEach, describe, expect, it } from 'vitest';
import { Problem } from '@/api/problem';
import i18n from '@/i18n';
import { ProblemText } from './problem-text';

afterEach(() => i18n.changeLanguage('zh-CN'));

const answer = (status: number, body: object) =>
  Problem.of(new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json' } }));

async function told(status: number, body: object): Promise<string> {
  const error = await answer(status, body);
  const { unmount } = render(
    <MantineProvider>
      <ProblemText error={error} />
    </MantineProvider>,
  );
  const text = screen.getByRole('alert').textContent ?? '';
  unmount();
  return text;
}

describe('a refusal', () => {
  const missing = { code: 'missing', params: { what: 'zone' }, detail: 'there is no zone 0192' };
  const crossing = {
    code: 'faults',
    detail: 'polygon: the edge after point 0 crosses the edge after point 2',
    faults: [
      { field: 'zones[0].polygon', got: '', want: 'the edge …', code: 'edges_apart', params: { edge: 0, other: 2 } },
      { field: 'shape', got: '', want: 'a shape of tomorrow', code: 'of_tomorrow' },
    ],
  };

  it('is told in the language of the page, never in the server’s', async () => {
    expect(await told(404, missing)).toContain('没有这个区域');
    const faults = await told(422, crossing);
    expect(faults).toContain('轮廓：角点 1 之后的边与角点 3 之后的边交叉');
    expect(faults).not.toContain('the edge');
    await i18n.changeLanguage('en');
    expect(await told(404, missing)).toContain('There is no such zone');
    expect(await told(422, crossing)).toContain(
      'outline: The edge after corner 1 crosses or touches the edge after corner 3',
    );
  });

  it('tells when, and lets no text of a name become another thing', async () => {
    const decided = { code: 'decided', params: { by: '{{at}}<b>', at: '2026-11-26T01:02:03Z' }, detail: 'x' };
    expect(await told(409, decided)).toContain('{ {at}}<b> 已在 2026-11-26 01:02:03 作出结论');
  });

  it('stays in the server’s words where they are new', async () => {
    expect(await told(409, { code: 'of_tomorrow', detail: 'something new' })).toContain('something new');
    expect(await told(422, crossing)).toContain('shape：a shape of tomorrow');
    expect(await told(418, { detail: 'a teapot' })).toContain('a teapot');
  });
});
