// The pictures of docs/desk: every screen in both languages, over a desk whose past the example `busy_desk` made up; and those
// of the README, a real run. Only run when screens change: `script/web browser --project pictures`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { House, root } from './house';
import { browserOf, Office, PEOPLE, type Person, signIn } from './people';
import { bundleOfDemo } from './pictures';
import { present } from './reviewing';
import { furnish, pathOf, registerStreet, SCREENS } from './screens';

const FOLDER = join(root, 'docs/desk');
/** May see the clip too, so that all of the screen is there. */
const REVIEWER: Person = { ...PEOPLE.reviewer, roles: ['reviewer'], unmask: true };
const PARKING = 'motor_vehicle_parking';
/** Around the kerb at the upper right of the clip. */
const KERB = [
  [0.82, 0.05],
  [0.95, 0.05],
  [0.95, 0.22],
  [0.82, 0.22],
];

test('a picture of each screen in both languages', async ({ browser }) => {
  const house = await House.open({
    camera: true,
    wall: true,
    platform: true,
    verifier: true,
    trial: true,
    past: [
      '--decided',
      '900',
      '--waiting',
      '60',
      '--waiting-minutes',
      '11',
      '--with-pictures',
      '60',
      ...bundleOfDemo(),
    ],
  });
  try {
    const office = await new Office(house).open();
    for (const person of Object.values(PEOPLE)) await office.invite(person);
    const furnished = await furnish(house, office);
    mkdirSync(FOLDER, { recursive: true });
    for (const language of ['zh-CN', 'en'] as const) {
      const context = await browserOf(browser, { language });
      const page = await context.newPage();
      for (const screen of SCREENS) {
        const path = await pathOf(screen, office, furnished);
        if (screen.who === null) await page.goto(house.url + path);
        else {
          if (new URL(page.url()).pathname === '/login') await signIn(page, house, PEOPLE.admin);
          await page.goto(house.url + path);
        }
        await page.locator(screen.ready).first().waitFor();
        await screen.then?.(page);
        if (screen.name === 'review') await page.locator('[data-ready=true]').waitFor();
        await page.waitForTimeout(1200);
        await take(context, page, join(FOLDER, `${screen.name}.${language}.webp`));
      }
      await page.goto(`${house.url}/supervisor/report`);
      await page.locator('main article').waitFor();
      if (language === 'zh-CN') {
        const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
        expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
        writeFileSync(join(root, 'web/node_modules/.playwright-report.pdf'), pdf);
      }
      await context.close();
    }
  } finally {
    await house.close();
  }
});

test('the pictures of the README: what the product finds in the demo’s street', async ({ browser }) => {
  const house = await House.open({ camera: true });
  try {
    const office = await new Office(house).open();
    await office.invite(REVIEWER);
    const { view } = await registerStreet(house, office);
    await office.call('POST', '/zones', { view, name: '禁停区', kind: 'strict', matters: [PARKING], polygon: KERB });
    for (const language of ['zh-CN', 'en'] as const) {
      const context = await browserOf(browser, { language });
      const page = await context.newPage();
      await signIn(page, house, REVIEWER);
      await page.locator('[data-incident]').waitFor({ timeout: 120_000 });
      await present(page, null);
      await page.waitForTimeout(1200);
      await take(context, page, join(root, `docs/review.${language}.webp`));
      // The next one gets it when its lock is given back.
      const given = page.waitForResponse((answer) => answer.request().method() === 'DELETE');
      await page.getByRole('link', { name: /^(抽查|Second review)$/ }).click();
      await given;
      await context.close();
    }
  } finally {
    await house.close();
  }
});

async function take(context: BrowserContext, page: Page, file: string) {
  const camera = await context.newCDPSession(page);
  const { data } = await camera.send('Page.captureScreenshot', { format: 'webp', quality: 72 });
  await camera.detach();
  writeFileSync(file, Buffer.from(data, 'base64'));
}
