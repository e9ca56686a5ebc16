// A new model beside the one in use, on the real camera: what it alone sees is judged by two people, by keys and by mouse.
import { type Browser, expect, type Page, test } from '@playwright/test';
import { House } from './house';
import { browserOf, Office, PEOPLE, type Person, signIn } from './people';
import { registerStreet } from './screens';

let house: House;
let office: Office;
let view: string;

test.describe.configure({ mode: 'serial' });
test.beforeAll(async () => {
  house = await House.open({ camera: true, trial: true });
  office = await new Office(house).open();
  for (const person of [PEOPLE.operator, PEOPLE.supervisor, PEOPLE.reviewer]) await office.invite(person);
  ({ view } = await registerStreet(house, office));
  // The kerb at the top right, where a van and a car stand for the whole clip.
  const polygon = [
    [0.853, 0.149],
    [1, 0.142],
    [1, 0.188],
    [0.853, 0.188],
  ];
  await office.call('POST', '/zones', {
    view,
    name: '禁停',
    kind: 'strict',
    matters: ['motor_vehicle_parking'],
    polygon,
  });
  for (let tries = 0; (await spots()).length === 0; tries += 1) {
    if (tries > 120) throw new Error('the new model saw nothing that the old one did not');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
});
test.afterAll(async () => {
  await house.close();
});

interface Spot {
  id: string;
  seen_by: string;
  judgement: { truth: string; right: string | null; by: string } | null;
}

async function spots(): Promise<Spot[]> {
  return (await office.call<{ disagreements: Spot[] }>('GET', '/shadow')).disagreements;
}

async function opened(browser: Browser, who: Person): Promise<Page> {
  const page = await (await browserOf(browser)).newPage();
  await signIn(page, house, who);
  return page;
}

/** The count of the table's last row under this head. */
async function counted(page: Page, head: string): Promise<string> {
  const heads = await page.getByRole('columnheader').allInnerTexts();
  const cells = await page.getByRole('row').last().getByRole('cell').allInnerTexts();
  return cells[heads.indexOf(head)] ?? '';
}

test('an operator says what is there, and takes it back', async ({ browser }) => {
  const page = await opened(browser, PEOPLE.operator);
  await page.getByRole('link', { name: '试看', exact: true }).click();
  await expect(page.getByRole('heading', { name: '新模型试看' })).toBeVisible();
  await expect(page.getByText('现用 nanodet_g_416').first()).toBeVisible();
  await expect(page.getByText('新 street_640').first()).toBeVisible();
  const card = page.getByRole('listitem').and(page.locator('[aria-current]'));
  await expect(card).toHaveCount(1);
  await expect(card.getByText('只有新的看见')).toBeVisible();
  const width = () => card.getByRole('img').evaluate((image: HTMLImageElement) => image.naturalWidth);
  await expect.poll(width).toBeGreaterThan(64);
  const id = (await card.getAttribute('id')) ?? '';
  const own = page.locator(`[id="${id}"]`);
  const [before, waiting] = [await counted(page, '新的对'), Number(await counted(page, '待判断'))];
  expect(before).toBe('0');

  await page.keyboard.press('c');
  await expect(own.getByText('确有问题 · 新的对')).toBeVisible();
  expect([await counted(page, '新的对'), Number(await counted(page, '待判断'))]).toEqual(['1', waiting - 1]);
  expect((await spots()).find((spot) => spot.id === id)?.judgement).toMatchObject({ right: 'shadow', by: 'chen' });

  await own.getByRole('button', { name: '撤回' }).click();
  await expect(own.getByRole('button', { name: '确有问题' })).toBeVisible();
  await page.keyboard.press('x');
  await expect(own.getByText('没有问题 · 现用对')).toBeVisible();
  await page.keyboard.press('ArrowLeft');
  await page.reload();
  await expect(own.getByText('没有问题 · 现用对')).toBeVisible();
  expect(await counted(page, '现用对')).toBe('1');

  await page.getByRole('button', { name: '演示路口' }).click();
  await expect(page).toHaveURL(new RegExp(`view=${view}`));
  await page.goto(`${house.url}/operator/trials?matter=exposed_garbage`);
  await expect(page.getByText('此画面、事项没有试看中的新模型')).toBeVisible();
  await page.context().close();
});

test('a supervisor sees who said it and says otherwise once it is taken back', async ({ browser }) => {
  const said = (await spots()).find(({ judgement }) => judgement);
  const page = await opened(browser, PEOPLE.supervisor);
  await page.goto(`${house.url}/operator/trials`);
  const card = page.locator(`[id="${said?.id ?? ''}"]`);
  await expect(card.getByText(/陈立/)).toBeVisible();
  await card.getByRole('button', { name: '撤回' }).click();
  await card.getByRole('button', { name: '看不清' }).click();
  await expect(card.getByText('看不清', { exact: true })).toBeVisible();
  await expect.poll(() => counted(page, '看不清')).toBe('1');
  await page.goto(`${house.url}/operator/import`);
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await expect(page.getByRole('button', { name: /模板/ })).toHaveCount(0);
  await page.context().close();
  const rows = await office.all<{ actor: string; action: string }>(`/audit?subject=${said?.id ?? ''}`);
  expect(rows.filter(({ action }) => action === 'shadow.judged').map(({ actor }) => actor)).toEqual([
    ...['zhou', 'chen', 'chen'],
  ]);
});

test('a reviewer has no trials, and nothing of them was reported', async ({ browser }) => {
  const page = await opened(browser, PEOPLE.reviewer);
  await page.goto(`${house.url}/operator/trials`);
  await expect(page.getByRole('listitem').and(page.locator('[aria-current]'))).toHaveCount(0);
  await expect(page.getByRole('heading', { name: '新模型试看' })).toHaveCount(0);
  await page.context().close();
  expect(await office.all('/incidents')).toEqual([]);
});
