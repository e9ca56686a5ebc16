// The three journeys of the desk, one after the other in one house, as people go them: the operator registers a camera
// and draws a zone, the reviewer decides what was found, the platform's people see that it arrived and was handled.
import { type Browser, expect, type Page, test } from '@playwright/test';
import { House, password } from './house';
import { browserOf, Office, PEOPLE, type Person, signIn } from './people';
import { present } from './reviewing';
import { registerWall } from './screens';

/** Around the kerb at the upper right of the clip, where a car stands from the first frame to the last. */
const ZONE = [
  [0.82, 0.05],
  [0.95, 0.05],
  [0.95, 0.22],
  [0.82, 0.22],
] as const;
const CODE = '51010601001310000001';

let house: House;

test.describe.configure({ mode: 'serial' });
test.beforeAll(async () => {
  house = await House.open({ camera: true, wall: true, platform: true, verifier: true });
});
test.afterAll(async () => {
  await house.close();
});

async function pageOf(browser: Browser): Promise<Page> {
  return (await browserOf(browser)).newPage();
}

/** Twice, as whoever sets one must. */
async function choosePassword(page: Page): Promise<void> {
  const fields = page.locator('input[type=password]');
  await expect(fields).toHaveCount(2);
  for (const n of [0, 1]) await fields.nth(n).fill(password);
}

test('the first administrator comes by the one-time link and invites the others', async ({ browser }) => {
  const page = await pageOf(browser);
  await page.goto(house.setupLink());
  await page.getByLabel('账号').fill(PEOPLE.admin.name);
  await page.getByLabel('姓名').fill(PEOPLE.admin.shown);
  await choosePassword(page);
  await page.getByRole('button', { name: '创建并登录' }).click();
  await expect(page.locator('main#main')).toBeVisible();

  await page.goto(`${house.url}/administration/accounts`);
  await page.getByRole('button', { name: '添加账号' }).click();
  const dialogue = page.getByRole('dialog');
  await dialogue.getByLabel('账号').fill(PEOPLE.operator.name);
  await dialogue.getByLabel('姓名').fill(PEOPLE.operator.shown);
  await dialogue.getByLabel('复核员').uncheck();
  await dialogue.getByLabel('点位管理员').check();
  await dialogue.getByRole('button', { name: '添加并生成邀请链接' }).click();
  const link = page.getByRole('textbox', { name: /的一次性链接/ });
  await expect(link).toHaveValue(/\/invitation#/);

  const invited = await pageOf(browser);
  await invited.goto(await link.inputValue());
  await choosePassword(invited);
  await invited.getByRole('button', { name: '保存并登录' }).click();
  await expect(invited.locator('main#main')).toBeVisible();

  const office = await new Office(house).open();
  for (const person of Object.values(PEOPLE)) await office.invite(person);
});

test('an operator registers a camera, tries it, draws a zone and sees it covered', async ({ browser }) => {
  const page = await pageOf(browser);
  await signIn(page, house, PEOPLE.operator);
  await page.goto(`${house.url}/operator/cameras/new`);
  await page.getByLabel('名称').fill('演示路口');
  await page.getByLabel('编码', { exact: false }).first().fill(CODE);
  await page.getByLabel('地址', { exact: false }).first().fill(house.camera);
  await page.getByLabel('经度').fill('104.0668');
  await page.getByLabel('纬度').fill('30.5728');
  await page.getByLabel('单元网格编码').fill('990000001001001');
  await page.getByLabel('地址描述').fill('演示路与示范街交叉口');
  await page.getByLabel('机动车乱停放（09009）', { exact: true }).check();
  await page.getByRole('button', { name: '试连接' }).click();
  await expect(page.getByText('可以使用', { exact: true })).toBeVisible({ timeout: 40_000 });
  await page.getByRole('button', { name: '登记' }).click();
  await expect(page).toHaveURL(/\/operator\/coverage\/\w/);

  // The first look leaves the reference picture.
  const surface = page.getByRole('application');
  await expect(surface.locator('canvas').first()).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: '画区域' }).click();
  const canvas = await surface.locator('canvas').first().boundingBox();
  if (!canvas) throw new Error('the drawing surface has no size');
  for (const [x, y] of ZONE) await page.mouse.click(canvas.x + x * canvas.width, canvas.y + y * canvas.height);
  await page.getByRole('button', { name: '完成' }).click();
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await expect(page.getByText(/处未保存/)).toHaveCount(0);

  await page.goto(`${house.url}/operator/coverage`);
  const tile = page.getByRole('link', { name: /演示路口/ });
  await expect(tile).toContainText('正常', { timeout: 60_000 });
});

test('an operator draws a zone anew, takes the old version up again, and takes a new reference picture', async ({
  browser,
}) => {
  const page = await pageOf(browser);
  await signIn(page, house, PEOPLE.operator);
  await page.goto(`${house.url}/operator/coverage`);
  await page.getByRole('link', { name: /演示路口/ }).click();
  await expect(page.getByText('基准图 1 版', { exact: false })).toBeVisible();
  await page.getByRole('button', { name: '重拍基准图' }).click();
  await expect(page.getByText('基准图 2 版', { exact: false })).toBeVisible({ timeout: 60_000 });

  const saved = async () => {
    await page.getByRole('button', { name: '保存', exact: true }).click();
    await expect(page.getByText(/处未保存/)).toHaveCount(0);
  };
  const zone = page.getByRole('button', { name: /严禁 · 机动车乱停放/ });
  await zone.click();
  const name = page.getByLabel('名称', { exact: false }).last();
  const before = await name.inputValue();
  await name.fill('消防通道');
  await saved();
  await page.getByRole('button', { name: '历史版本' }).click();
  await page.getByRole('button', { name: '取用第 1 版' }).click();
  await expect(name).toHaveValue(before);
  await saved();
  await expect(page.getByText(/第 3 版 · 严禁/)).toBeVisible();
});

test('an operator draws a shop line and a mask, and an outline that crosses itself is refused in words', async ({
  browser,
}) => {
  const page = await (await browserOf(browser)).newPage();
  await signIn(page, house, PEOPLE.operator);
  await page.goto(`${house.url}/operator/coverage`);
  await page.getByRole('link', { name: /演示路口/ }).click();
  const surface = page.getByRole('application').locator('canvas').first();
  await expect(surface).toBeVisible();
  const canvas = await surface.boundingBox();
  if (!canvas) throw new Error('the drawing surface has no size');
  const put = async (corners: readonly (readonly [number, number])[]) => {
    for (const [x, y] of corners) await page.mouse.click(canvas.x + x * canvas.width, canvas.y + y * canvas.height);
  };
  const finish = page.getByRole('button', { name: '完成' });

  await page.getByRole('button', { name: '画区域' }).click();
  await put([
    [0.1, 0.5],
    [0.3, 0.7],
    [0.3, 0.5],
    [0.1, 0.7],
  ]);
  await expect(page.getByText('边线自相交：角点 1 之后的边与角点 3 之后的边交叉')).toBeVisible();
  await expect(finish).toBeDisabled();
  await page.getByRole('button', { name: '取消' }).click();

  // Along the fronts, with the pavement at the left hand, 20 % deep at its end.
  await page.getByRole('button', { name: '画门线' }).click();
  await put([
    [0.1, 0.6],
    [0.4, 0.6],
  ]);
  await page.getByText('走向左侧', { exact: true }).click();
  const depth = page.getByRole('slider').last();
  await depth.focus();
  for (let n = 0; n < 8; n += 1) await page.keyboard.press('ArrowRight');
  await expect(depth).toHaveAttribute('aria-valuenow', '0.2');
  await finish.click();
  await page.getByRole('button', { name: '画遮罩' }).click();
  await put([
    [0.02, 0.8],
    [0.12, 0.8],
    [0.07, 0.95],
  ]);
  await finish.click();
  await expect(page.getByText('2 处未保存')).toBeVisible();
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await expect(page.getByText(/处未保存/)).toHaveCount(0);

  const office = await new Office(house).open();
  const id = page.url().split('/').at(-1) ?? '';
  type Drawn = { name: string; kind: string; matters: string[]; polygon: [number, number][] };
  const drawn = async () => (await office.call<{ items: Drawn[] }>('GET', `/zones?view=${id}`)).items;
  const all = (await office.call<{ items: unknown[] }>('GET', '/matters')).items.length;
  const zones = await drawn();
  const line = zones.find(({ name }) => name === '店铺门线');
  expect(line?.kind).toBe('strict');
  const corners = [
    [0.1, 0.6],
    [0.4, 0.6],
    [0.4, 0.4],
    [0.1, 0.48],
  ] as const;
  expect(line?.polygon).toHaveLength(corners.length);
  for (const [n, [x, y]] of corners.entries()) {
    expect(line?.polygon[n]?.[0]).toBeCloseTo(x, 2);
    expect(line?.polygon[n]?.[1]).toBeCloseTo(y, 2);
  }
  const mask = zones.find(({ name }) => name === '遮罩');
  expect([mask?.kind, mask?.matters.length, mask?.polygon.length]).toEqual(['exempt', all, 3]);

  // Both are taken away again, by the page.
  for (const name of ['店铺门线', '遮罩']) {
    await page.getByRole('button', { name: new RegExp(`^${name}`) }).click();
    await page.getByRole('button', { name: '删除区域' }).click();
  }
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await expect.poll(async () => (await drawn()).length).toBe(1);
});

test('an operator removes a camera, and is told what goes and what stays', async ({ browser }) => {
  const office = await new Office(house).open();
  const other = { code: '51010601001310000002', name: '拆除路口', url: house.camera, enabled: false };
  const { id } = await office.call<{ id: string }>('POST', '/streams', other);
  const page = await pageOf(browser);
  await signIn(page, house, PEOPLE.operator);
  await page.goto(`${house.url}/operator/cameras/${id}`);
  await page.getByRole('button', { name: '删除点位' }).click();
  const dialogue = page.getByRole('dialog');
  await expect(dialogue.getByText('已发现的事件、证据和案件')).toBeVisible();
  await dialogue.getByRole('button', { name: '删除', exact: true }).click();
  await expect(page).toHaveURL(/\/operator\/cameras$/);
  await expect(page.getByText('演示路口').first()).toBeVisible();
  await expect(page.getByText('拆除路口')).toHaveCount(0);
});

test('an operator sees what was read on a wall, permits a sign by the keyboard, and takes it back', async ({
  browser,
}) => {
  const office = await new Office(house).open();
  const { view } = await registerWall(house, office);
  const page = await pageOf(browser);
  await signIn(page, house, PEOPLE.operator);
  await page.goto(`${house.url}/operator/coverage/${view}`);
  await page.getByRole('tab', { name: '文字' }).click();
  const signs = page.getByRole('list', { name: '基准图上的文字' }).locator('> li');
  await expect(signs.first()).toBeVisible({ timeout: 90_000 });
  const ad = signs.filter({ hasText: '疏通' }).first();
  await expect(ad).toContainText('未准许');
  await expect(page.getByText(/1\d{2}-?\d{4}-?\d{4}/)).toHaveCount(0);

  const permit = ad.getByRole('button', { name: /^准许/ });
  await permit.focus();
  await page.keyboard.press('Enter');
  await expect(ad).toContainText(PEOPLE.operator.shown);
  await expect(ad).toContainText('已准许');
  await page.reload();
  await page.getByRole('tab', { name: '文字' }).click();
  await expect(ad).toContainText('已准许');
  await ad.getByRole('button', { name: /撤回/ }).click();
  await expect(ad).toContainText('未准许');

  const audited = await office.all<{ action: string; actor: string }>('/audit?action=signs.withdrawn');
  expect(audited.map(({ actor }) => actor)).toEqual([PEOPLE.operator.name]);
  // A camera less for those who come after.
  const { items } = await office.call<{ items: { id: string; name: string }[] }>('GET', '/streams');
  await office.call('DELETE', `/streams/${items.find(({ name }) => name === '老街墙面')?.id ?? ''}`);
});

test('a reviewer moves the slider over the reference, and looks at the clip close up and frame by frame', async ({
  browser,
}) => {
  const senior: Person = { name: 'han', shown: '韩雪', roles: ['reviewer'], unmask: true };
  await (await new Office(house).open()).invite(senior);
  const page = await (await browserOf(browser)).newPage();
  await signIn(page, house, senior);
  await page.goto(`${house.url}/review`);
  await expect(page.locator('[data-incident]')).toBeVisible({ timeout: 90_000 });
  await present(page, null);

  await page.keyboard.press('v');
  const slider = page.getByRole('slider');
  await expect(slider).toHaveAttribute('aria-valuenow', '50');
  const stage = page.getByRole('img', { name: '基准图' });
  const picture = await stage.boundingBox();
  const handle = await slider.boundingBox();
  if (!picture || !handle) throw new Error('nothing is compared');
  const seenAt = (share: number) =>
    page.evaluate(
      ([x, y]) => document.elementsFromPoint(x ?? 0, y ?? 0).find((one) => one instanceof HTMLImageElement)?.alt,
      [picture.x + share * picture.width, picture.y + picture.height / 4],
    );
  expect([await seenAt(0.35), await seenAt(0.65)]).toEqual(['基准图', '末图']);
  const middle = [handle.x + handle.width / 2, picture.y + picture.height / 2] as const;
  await page.mouse.move(...middle);
  await page.mouse.down();
  await page.mouse.move(picture.x + picture.width * 0.8, middle[1], { steps: 5 });
  await page.mouse.up();
  await expect.poll(() => seenAt(0.65)).toBe('基准图');
  await slider.focus();
  for (let n = 0; n < 12; n += 1) await page.keyboard.press('ArrowLeft');
  await expect.poll(() => seenAt(0.35)).toBe('末图');

  await page.getByRole('button', { name: /^视频/ }).click();
  const clip = page.getByLabel('事件视频');
  const time = () => clip.evaluate((video: HTMLVideoElement) => video.currentTime);
  await expect.poll(() => clip.evaluate((video: HTMLVideoElement) => video.readyState)).toBeGreaterThan(1);
  const whole = await clip.boundingBox();
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  await expect.poll(async () => (await clip.boundingBox())?.width).toBeGreaterThan((whole?.width ?? 0) * 2);
  await expect(clip).not.toHaveAttribute('controls');
  const begun = await time();
  await page.keyboard.press('.');
  await expect.poll(time).toBeGreaterThan(begun);
  // Close up, the mouse moves the picture.
  const before = await clip.boundingBox();
  await page.mouse.move(...middle);
  await page.mouse.down();
  await page.mouse.move(middle[0] - 60, middle[1] - 20, { steps: 4 });
  await page.mouse.up();
  await expect.poll(async () => (await clip.boundingBox())?.x).toBeLessThan((before?.x ?? 0) - 30);
  await page.keyboard.press('0');
  await expect.poll(async () => (await clip.boundingBox())?.width).toBeCloseTo(whole?.width ?? 0, 0);
  await expect(clip).toHaveAttribute('controls');
  // Whoever goes on gives the incident back.
  const given = page.waitForResponse(
    (answer) => answer.request().method() === 'DELETE' && answer.url().endsWith('/lock'),
  );
  await page.getByRole('link', { name: '抽查' }).click();
  await given;
});

test('a reviewer gets the incident, takes a verdict back, and confirms by the keyboard', async ({ browser }) => {
  const page = await pageOf(browser);
  await signIn(page, house, PEOPLE.reviewer);
  await page.goto(`${house.url}/review`);
  await expect(page.locator('[data-incident]')).toBeVisible({ timeout: 90_000 });
  const incident = await present(page, null);
  expect(incident).not.toBeNull();
  await expect(page.getByText('疑似机动车乱停放').first()).toBeVisible();

  const undo = page.locator('[data-action=undo]');
  await page.keyboard.press('c');
  await expect(undo).toBeVisible();
  // Taken back before it went out: it waits again.
  await page.keyboard.press('z');
  await expect(undo).toHaveCount(0);
  // Until the server has said so, the page may say that nothing waits.
  await expect.poll(() => present(page, null)).toBe(incident);
  await page.keyboard.press('c');
  await expect(undo).toBeVisible();
  // A key without an incident does nothing.
  await page.keyboard.press('c');
  await expect(undo).toHaveCount(0, { timeout: 30_000 });
});

test('an operator sees what the verdict taught, teaches by a box drawn by hand, and takes it back', async ({
  browser,
}) => {
  const page = await pageOf(browser);
  await signIn(page, house, PEOPLE.operator);
  await page.goto(`${house.url}/operator/coverage`);
  await page.getByRole('link', { name: /演示路口/ }).click();
  await page.getByRole('tab', { name: '样例' }).click();
  const cards = page.getByRole('list', { name: '样例' }).locator('> li');
  await expect(cards).toHaveCount(1);
  await expect(cards.first()).toContainText(`${PEOPLE.reviewer.shown} 复核`);
  const picture = cards.first().locator('img');
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);

  await page.getByRole('button', { name: '框一处' }).click();
  const canvas = await page.getByRole('application').locator('canvas').first().boundingBox();
  if (!canvas) throw new Error('the drawing surface has no size');
  const at = (x: number, y: number) => [canvas.x + x * canvas.width, canvas.y + y * canvas.height] as const;
  await page.mouse.move(...at(0.84, 0.08));
  await page.mouse.down();
  await page.mouse.move(...at(0.92, 0.18), { steps: 4 });
  await page.mouse.up();
  await page.getByRole('button', { name: '这样的不算' }).click();
  await expect(cards).toHaveCount(2);
  const drawn = cards.filter({ hasText: '框选' });
  await expect(drawn).toContainText('这样的不算');
  await drawn.getByRole('button', { name: '试算' }).click();
  await expect(drawn.getByRole('status')).toContainText('过去一周共');
  await drawn.getByRole('button', { name: '撤销' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '撤销' }).click();
  await expect(drawn).toContainText(`${PEOPLE.operator.shown} 于`);

  await page.goto(`${house.url}/operator/examples`);
  await expect(cards).toHaveCount(1);
  await page.getByRole('switch', { name: '含已撤销、已过期' }).click({ force: true });
  await expect(cards).toHaveCount(2);
});

test('the platform hears of it, handles it, and the case tells its whole life', async ({ browser }) => {
  const page = await pageOf(browser);
  await signIn(page, house, PEOPLE.platform);
  await page.goto(`${house.url}/platform/deliveries?state=delivered`);
  const row = page.getByRole('row').filter({ hasText: '上报' });
  await expect(row).toHaveCount(1, { timeout: 60_000 });
  await row.getByRole('link').click();
  await expect(page).toHaveURL(/\/platform\/cases\//);
  await expect(page.getByRole('heading', { name: '全过程' })).toBeVisible();

  const id = page.url().split('/').at(-1) ?? '';
  for (const stage of ['accepted', 'dispatched', 'handled']) {
    const told = await fetch(`${house.platform}/sim/cases/${id}/stage`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ stage }),
    });
    expect(told.ok).toBe(true);
  }
  // A look out of turn answers, and the pair of pictures is there.
  await expect(page.getByRole('heading', { name: /核查/ })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByRole('img', { name: '处置前' })).toBeVisible();
  await expect(page.getByRole('img', { name: '处置后' })).toBeVisible();
  for (const moment of ['复核确认', '立案']) await expect(page.getByText(moment).first()).toBeVisible();

  const report = (await (await fetch(`${house.platform}/sim/report`)).json()) as { cases: unknown[] };
  expect(report.cases).toHaveLength(1);
});
