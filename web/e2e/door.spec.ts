// The door as those find it who may not pass at once: whoever must choose a new password, and whoever the city's identity
// provider vouches for.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { House, password } from './house';
import { browserOf, Office, PEOPLE, signIn } from './people';

const NEXT = 'another horse battery 8';

let house: House;
let office: Office;

test.describe.configure({ mode: 'serial' });
test.beforeAll(async () => {
  house = await House.open({ provider: '统一身份认证' });
  office = await new Office(house).open();
  await office.invite(PEOPLE.reviewer);
});
test.afterAll(async () => {
  await house.close();
});

test('whoever must choose a new password gets nowhere before, and in with the new one', async ({ browser }) => {
  const { name } = PEOPLE.reviewer;
  const account = (await office.all<{ id: string; name: string }>('/accounts')).find((one) => one.name === name);
  await office.call('PATCH', `/accounts/${account?.id ?? ''}`, { must_change_password: true });

  for (const scheme of ['light', 'dark'] as const) {
    const page = await (await browserOf(browser, { scheme })).newPage();
    await page.goto(`${house.url}/login`);
    await page.getByLabel('账号').fill(name);
    await page.locator('input[type=password]').fill(password);
    await page.locator('button[type=submit]').click();
    await expect(page.getByText('管理员要求您先换一个新密码')).toBeVisible();
    const { violations } = await new AxeBuilder({ page })
      .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'])
      .analyze();
    expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
    await page.goto(`${house.url}/review`);
    await expect(page.getByText('管理员要求您先换一个新密码')).toBeVisible();
    await expect(page.locator('main#main')).toHaveCount(0);
    if (scheme === 'light') {
      await page.context().close();
      continue;
    }

    const fields = page.locator('input[type=password]');
    await expect(fields).toHaveCount(3);
    await fields.nth(0).fill(password);
    for (const n of [1, 2]) await fields.nth(n).fill(NEXT);
    await page.locator('button[type=submit]').click();
    await expect(page.locator('main#main')).toBeVisible();
    await page.context().close();
  }

  const again = await (await browserOf(browser)).newPage();
  await signIn(again, house, PEOPLE.reviewer, NEXT);
  await again.context().close();
});

test('the button of the identity provider stands where one is configured, and says so when it is not reached', async ({
  browser,
}) => {
  const page = await (await browserOf(browser)).newPage();
  await page.goto(`${house.url}/login`);
  const button = page.getByRole('link', { name: '使用 统一身份认证 登录' });
  await expect(button).toBeVisible();
  // Nobody listens at the issuer's address: the way ends here again, in words.
  await button.click();
  await expect(page.getByText('统一身份认证暂时连不上')).toBeVisible();
  await expect(page).toHaveURL(/\/login/);
  await page.context().close();
});
