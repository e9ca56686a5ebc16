// What goes wrong at a desk, in a browser and in words: names that pose as markup, files that are no list of cameras, a
// picture that is gone, a session that ends in mid-decision, a clock that is off. Nothing is lost by any of it.
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { House, password, root } from './house';
import { browserOf, Office, PEOPLE, signIn } from './people';
import { bundleOfDemo } from './pictures';
import { present } from './reviewing';

const MARKUP = '<img src=x onerror="document.title=1">东门';

let house: House;
let office: Office;

test.describe.configure({ mode: 'serial' });
test.beforeAll(async () => {
  house = await House.open({ past: ['--waiting', '12', '--with-pictures', '12', ...bundleOfDemo()] });
  office = await new Office(house).open();
  for (const person of Object.values(PEOPLE)) await office.invite(person);
});
test.afterAll(async () => {
  await house.close();
});

test('a name is shown as it was typed, and one that cannot be a name is refused in words', async ({ browser }) => {
  const page = await (await browserOf(browser)).newPage();
  await signIn(page, house, PEOPLE.operator);
  await page.goto(`${house.url}/operator/cameras/new`);
  await page.getByLabel('编码', { exact: false }).first().fill('E1');
  await page.getByLabel('地址', { exact: false }).first().fill('rtsp://10.0.0.11/');
  const name = page.getByLabel('名称');
  await name.fill('长'.repeat(10_000));
  await page.getByRole('button', { name: '登记' }).click();
  await expect(page.getByText('1 到 200 字，不含控制字符')).toBeVisible();
  await name.fill('东\u202e门');
  await expect(page.getByText('1 到 200 字，不含控制字符')).toHaveCount(0);
  await page.getByRole('button', { name: '登记' }).click();
  await expect(page.getByText('1 到 200 字，不含控制字符')).toBeVisible();
  await name.fill(MARKUP);
  await page.getByRole('button', { name: '登记' }).click();
  await expect(page).toHaveURL(/\/operator\/coverage\/\w/);
  await page.goto(`${house.url}/operator/cameras`);
  await expect(page.getByText(MARKUP).first()).toBeVisible();
  expect(await page.title()).not.toBe('1');
});

test('a file that is no list of cameras is told column by column and row by row, and changes nothing', async ({
  browser,
}) => {
  const page = await (await browserOf(browser)).newPage();
  await signIn(page, house, PEOPLE.operator);
  await page.goto(`${house.url}/operator/import`);
  const before = (await office.all('/streams')).length;
  const choose = async (file: string) => {
    await page.locator('input[type=file]').setInputFiles(join(root, 'fixtures/imports', file));
  };
  await choose('wrong_columns.csv');
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('文件不能导入');
  await expect(alert).toContainText('colour');
  await choose('faults_of_rows.csv');
  await expect(page.getByText('没有导入任何内容')).toBeVisible();
  await expect(page.getByRole('button', { name: /^导入 \d+ 个$/ })).toBeDisabled();
  expect(await page.locator('main').textContent()).not.toContain('pl4nted');
  await choose('hostile_names.csv');
  await page.getByText(/^全部 \d+$/).click();
  await expect(page.getByText('<script>alert(1)</script>')).toBeVisible();
  await choose('gbk.csv');
  await expect(page.getByText(/不合格 0（GBK）/)).toBeVisible();
  await page.getByRole('button', { name: '导入 1 个' }).click();
  await expect(page.getByText(/已导入：新增 1/)).toBeVisible();
  expect((await office.all('/streams')).length).toBe(before + 1);
});

test('a picture that is gone is named, and the incident can still be decided', async ({ browser }) => {
  const page = await (await browserOf(browser)).newPage();
  await signIn(page, house, PEOPLE.reviewer);
  await page.goto(`${house.url}/review`);
  const id = await present(page, null);
  const shown = await office.call<{ pictures: { masked: string | null; role: string }[] }>(
    'GET',
    `/incidents/${id ?? ''}`,
  );
  const latest = shown.pictures.find(({ role }) => role === 'latest')?.masked ?? '';
  const [, evidence = '', file = ''] = /evidence\/([^/]+)\/files\/(.+)$/.exec(latest) ?? [];
  remove(evidence, file);
  const again = await (await browserOf(browser)).newPage();
  await signIn(again, house, PEOPLE.reviewer);
  await again.goto(`${house.url}/review/${id ?? ''}`);
  await expect(again.getByText('图片已不在')).toBeVisible();
  await page.context().close();
  expect(await present(again, null)).toBe(id);
  await again.keyboard.press('c');
  await expect(again.locator('[data-action=undo]')).toBeVisible();
  await expect.poll(() => stateOf(id)).toBe('confirmed');
});

test('a session that ends in mid-decision asks for the password, and the verdict arrives', async ({ browser }) => {
  const page = await (await browserOf(browser)).newPage();
  await signIn(page, house, PEOPLE.reviewer);
  await page.goto(`${house.url}/review`);
  const id = await present(page, null);
  // What is fetched ahead is there: the verdict is the first call that finds no session.
  await page.waitForTimeout(2_000);
  await page.context().clearCookies();
  await page.keyboard.press('c');
  const dialogue = page.getByRole('dialog', { name: '登录已过期' });
  await expect(dialogue).toBeVisible();
  expect(await stateOf(id)).toBe('waiting');
  await dialogue.locator('input[type=password]').fill(password);
  await dialogue.getByRole('button', { name: '继续' }).click();
  await expect(dialogue).toBeHidden();
  await expect.poll(() => stateOf(id)).toBe('confirmed');
});

test('a clock that is off is named, and limits run by the server’s', async ({ browser }) => {
  const page = await clockAhead(await (await browserOf(browser)).newPage());
  await signIn(page, house, PEOPLE.reviewer);
  await expect(page.getByText(/本机时钟比服务器快 (59\d|60\d) 秒/)).toBeVisible();
});

const stateOf = async (id: string | null) =>
  (await office.call<{ incident: { review: { state: string } } }>('GET', `/incidents/${id ?? ''}`)).incident.review
    .state;

/** Takes a file of a bundle away, as a broken disk would. */
function remove(evidence: string, file: string) {
  const folder = join(house.data, 'evidence');
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const found = paths.filter((path) => path.includes(evidence) && path.endsWith(`/${file}`));
  expect(found).toHaveLength(1);
  rmSync(join(folder, found[0] ?? ''));
}

/** A machine whose clock is ten minutes ahead. */
async function clockAhead(page: Page): Promise<Page> {
  await page.addInitScript(() => {
    const real = Date.now.bind(Date);
    Date.now = () => real() + 600_000;
  });
  return page;
}
