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

for (const who of new Set(SCREENS.map((screen) => screen.who))) {
  test(`every screen of ${who ? `the ${who.roles[0] ?? who.name}` : 'nobody'} can be used by everybody, light and dark`, async ({
    browser,
  }) => {
    const said: string[] = [];
    const faults: string[] = [];
    const page = await pageOf(browser, who, said);
    for (const screen of SCREENS.filter((screen) => screen.who === who)) {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(house.url + (await pathOf(screen, office, furnished)));
      await page.locator(screen.ready).first().waitFor();
      await screen.then?.(page);
      // Whatever is fetched is there, and nothing is half faded in.
      await page.waitForLoadState('load');
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme });
        await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', scheme);
        await page.waitForTimeout(300);
        for (const fault of await seriousFaults(page)) faults.push(`${screen.name}, ${scheme}: ${fault}`);
      }
    }
    await page.context().close();
    expect(faults.join('\n')).toBe('');
    expect(said.filter((words) => /Content Security Policy|Uncaught|Error:/.test(words))).toEqual([]);
  });
}

async function seriousFaults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
    .analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
}

async function pageOf(browser: Browser, who: Person | null, said: string[]): Promise<Page> {
  const page = await (await browserOf(browser)).newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') said.push(message.text());
  });
  page.on('pageerror', (error) => said.push(`Uncaught ${error.message}`));
  if (who) await signIn(page, house, who);
  return page;
}
