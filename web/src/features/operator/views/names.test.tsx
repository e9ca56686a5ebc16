// Names from outside stand in every list: markup is text, marks turn nothing round, and ten thousand characters are cut.
import { MantineProvider } from '@mantine/core';
import { render, screen, within } from '@testing-library/react';
import { beforeAll, describe, expect, it } from 'vitest';
import i18next from '@/i18n';
import type { Matter, Zone } from '../data';
import { draftOf } from '../zones/drafts';
import { ZoneList } from './zone-list';

const matters = [
  {
    key: 'stall',
    name: '<script>alert(1)</script>',
    code_2026: '09006',
    dwell_s: 60,
    revisit_s: 30,
    zone_test: 'overlap',
  },
] as Matter[];
const named = (name: string, id: string): Zone => ({
  id,
  view: 'v1',
  version: 1,
  name,
  kind: 'strict',
  matters: ['stall'],
  polygon: [
    [0, 0],
    [1, 0],
    [1, 1],
  ],
});
const NAMES = ['<img src=x onerror=alert(1)>', 'خروج \u202e东门', '长'.repeat(10_000)];

beforeAll(() => i18next.loadNamespaces('operator'));

describe('names from outside', () => {
  it('are text, on one line, in a world of their own', () => {
    const zones = NAMES.map((name, index) => named(name, `z${index}`));
    render(
      <MantineProvider>
        <ZoneList
          drafts={zones.map(draftOf)}
          base={zones}
          selected={null}
          matters={matters}
          onSelect={() => undefined}
        />
      </MantineProvider>,
    );
    expect(document.querySelector('img, script[src]')).toBeNull();
    const [markup, marks, long] = screen.getAllByRole('listitem').map((item) => within(item).getByRole('button'));
    expect(markup).toHaveProperty('textContent', expect.stringContaining('<img src=x onerror=alert(1)>') as string);
    expect(markup?.textContent).toContain('<script>alert(1)</script>');
    // The name that the server would refuse is still shown, apart from what stands beside it.
    expect(marks?.querySelector('bdi')?.textContent).toBe('خروج \u202e东门');
    expect(long?.querySelector('bdi')?.textContent.length).toBeLessThan(300);
    expect(long?.querySelector('bdi')?.title.length).toBeLessThanOrEqual(1_000);
  });
});
