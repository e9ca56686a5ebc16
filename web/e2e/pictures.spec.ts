// The pictures of docs/desk: every screen in both languages, over a desk whose past the example `busy_desk` made up. Only
// run when screens change: `script/web browser --project pictures`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { House, root } from './house';
import { browserOf, Office, PEOPLE, signIn } from './people';
import { bundleOfDemo } from './pictures';
import { furnish, pathOf, SCREENS } from './screens';

const FOLDER = join(root, 'docs/desk');

test('a picture of each screen in both languages', async ({ browser }) => {
  const house = await House.open({
    camera: true,
    wall: true,
    platform: true,
    verifier: true,
    past: ['--decided', '900', '--waiting', '60', '--with-pictures', '60', ...bundleOfDemo()],
  });
  try {
    const office = await new Office(house).open();
    for (const person of Object.values(PEOPLE)) await office.invite(person);
    const furnished = await furnish(house, office);
    mkdirSync(FOLDER, { recursive: true });
    for (const language of ['zh-CN', 'en'] as const) {
      const context = await browserOf(browser, { language });
      const page = await context.newPage();
      const camera = await context.newCDPSession(page);
      const take = async (name: string) => {
        const { data } = await camera.send('Page.captureScreenshot', { format: 'webp', quality: 72 });
        writeFileSync(join(FOLDER, `${name}.${language}.webp`), Buffer.from(data, 'base64'));
      };
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
        await take(screen.name);
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
