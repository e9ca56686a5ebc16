// Every screen, in both schemes, over a desk with a past: no serious violation of accessibility, and no words on the
// console of the browser that the policy refused something.
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { House } from './house';
import { browserOf, Office, PEOPLE, type Person, signIn } from './people';
import { bundleOfDemo } from './pictures';
import { furnish, type Furnished, pathOf, SCREENS } from './screens';

let house: House;
let office: Office;
let furnished: Furnished;

test.describe.configure({ mode: 'serial' });
test.beforeAll(async () => {
  house = await House.open({
    camera: true,
    wall: true,
    platform: true,
    verifier: true,
    trial: true,
    past: ['--decided', '60', '--waiting', '30', '--with-pictures', '30', ...bundleOfDemo()],
  });
  office = await new Office(house).open();
  for (const person of Object.values(PEOPLE)) await office.invite(person);
  furnished = await furnish(house, office);
});
test.afterAll(async () => {
  await house.close();
});

for (const scheme of ['light', 'dark'] as const) {
  test(`every screen can be used by everybody, ${scheme}`, async ({ browser }) => {
    const said: string[] = [];
    const pages = new Map<string, Page>();
    const faults: string[] = [];
    for (const screen of SCREENS) {
      const key = screen.who?.name ?? '';
      const page = pages.get(key) ?? (await pageOf(browser, screen.who, scheme, said));
      pages.set(key, page);
      await page.goto(house.url + (await pathOf(screen, office, furnished)));
      await page.locator(screen.ready).first().waitFor();
      await screen.then?.(page);
      // Whatever is fetched is there, and nothing is half faded in.
      await page.waitForLoadState('load');
      await page.waitForTimeout(300);
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
        .analyze();
      for (const { id, impact, nodes } of violations) {
        if (impact !== 'serious' && impact !== 'critical') continue;
        faults.push(`${screen.name}: ${id} (${impact}): ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
      }
    }
    for (const page of pages.values()) await page.context().close();
    expect(faults.join('\n')).toBe('');
    expect(said.filter((words) => /Content Security Policy|Uncaught|Error:/.test(words))).toEqual([]);
  });
}

async function pageOf(browser: Browser, who: Person | null, scheme: 'light' | 'dark', said: string[]): Promise<Page> {
  const page = await (await browserOf(browser, { scheme })).newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(`Uncaught ${error.message}`));
  if (who) await signIn(page, house, who);
  return page;
}
