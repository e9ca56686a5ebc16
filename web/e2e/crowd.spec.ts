// Two hundred incidents by the keyboard alone: none is lost and none is decided twice, also with two reviewers at once
// and with the service killed in the middle.
import { expect, type Page, test } from '@playwright/test';
import { House } from './house';
import { browserOf, Office, PEOPLE, signIn } from './people';
import { bundleOfDemo } from './pictures';
import { present, type Said, say } from './reviewing';

interface Incident {
  id: string;
  review: { state: string; by?: string };
}

const VERDICTS = ['incident.confirmed', 'incident.rejected'];

/** What the server holds against what the reviewers saw themselves decide. */
async function compare(office: Office, given: Map<string, Said>): Promise<void> {
  const all = await office.all<Incident>('/incidents');
  const found = new Map(all.map((incident) => [incident.id, incident.review.state]));
  const lost = [...given].filter(([id, said]) => found.get(id) !== said);
  expect(lost, 'verdicts that the server does not hold').toEqual([]);
  const audit = await office.all<{ action: string; subject: string }>('/audit');
  const counts = new Map<string, number>();
  for (const { action, subject } of audit) {
    if (VERDICTS.includes(action)) counts.set(subject, (counts.get(subject) ?? 0) + 1);
  }
  const twice = [...given.keys()].filter((id) => counts.get(id) !== 1);
  expect(twice, 'incidents that were not decided exactly once').toEqual([]);
}

/** Goes on until `enough` are decided or nothing waits. Every fifth is rejected. */
async function review(page: Page, given: Map<string, Said>, enough: number, between?: (n: number) => Promise<void>) {
  let last: string | null = null;
  for (let n = 0; n < enough; n += 1) {
    const incident: string | null = await present(page, last);
    if (incident === null) return;
    const said: Said = n % 5 === 4 ? 'rejected' : 'confirmed';
    expect(given.has(incident), 'an incident came again').toBe(false);
    await say(page, said);
    given.set(incident, said);
    last = incident;
    await between?.(n);
  }
}

test.describe.configure({ mode: 'serial' });

test('one reviewer decides 200 by the keyboard', async ({ browser }) => {
  const house = await House.open({ past: ['--waiting', '230', '--with-pictures', '230', ...bundleOfDemo()] });
  try {
    const office = await new Office(house).open();
    await office.invite(PEOPLE.reviewer);
    const page = await (await browserOf(browser)).newPage();
    await signIn(page, house, PEOPLE.reviewer);
    await page.goto(`${house.url}/review`);
    const given = new Map<string, Said>();
    const began = Date.now();
    await review(page, given, 200);
    expect(given.size).toBe(200);
    await settled(page);
    await compare(office, given);
    console.log(`200 by one reviewer in ${((Date.now() - began) / 1000).toFixed(0)} s`);
  } finally {
    await house.close();
  }
});

test('two reviewers at once share them', async ({ browser }) => {
  const house = await House.open({ past: ['--waiting', '120', '--with-pictures', '120', ...bundleOfDemo()] });
  try {
    const office = await new Office(house).open();
    const hands = [PEOPLE.reviewer, PEOPLE.second];
    const given = hands.map(() => new Map<string, Said>());
    const pages: Page[] = [];
    for (const person of hands) {
      await office.invite(person);
      const page = await (await browserOf(browser)).newPage();
      await signIn(page, house, person);
      await page.goto(`${house.url}/review`);
      pages.push(page);
    }
    await overtaken(office, pages);
    await Promise.all(pages.map((page, n) => review(page, given[n] ?? new Map<string, Said>(), 120)));
    for (const page of pages) await settled(page);
    // Each was handed to one of them, so no verdict came second; what the server holds was given once.
    const all = await office.all<Incident>('/incidents');
    expect(all.filter((incident) => incident.review.state === 'waiting')).toEqual([]);
    const [first = new Map<string, Said>(), second = new Map<string, Said>()] = given;
    const both = [...first.keys()].filter((id) => second.has(id));
    const audit = await office.all<{ action: string; subject: string }>('/audit');
    const verdicts = audit.filter(({ action }) => VERDICTS.includes(action)).map(({ subject }) => subject);
    expect(both).toEqual([]);
    expect(verdicts.length).toBe(new Set(verdicts).size);
    expect(new Set(verdicts).size).toBe(120);
    expect(first.size + second.size).toBe(119);
    console.log(`119 by two reviewers: ${String(first.size)} and ${String(second.size)}, none of both`);
  } finally {
    await house.close();
  }
});

/** A third person decides what the first page shows: it says so and goes on; what the second has open it never shows. */
async function overtaken(office: Office, pages: readonly Page[]): Promise<void> {
  const [here, there] = pages;
  if (!here || !there) throw new Error('two pages');
  const [mine, theirs] = [await present(here, null), await present(there, null)];
  expect(mine).not.toBe(theirs);
  await office.call('POST', `/incidents/${String(mine)}/verdict`, { verdict: 'confirmed', note: '' });
  const next = await present(here, mine);
  expect(next).not.toBe(theirs);
  await expect(here.getByText(`复核人 ${PEOPLE.admin.shown}`, { exact: true })).toBeVisible();
  // A colleague's is opened by hand: who has it is told, and no key decides.
  await here.goto(here.url().replace(String(next), String(theirs)));
  await expect(here.getByText(`${PEOPLE.second.shown} 正在复核这件`)).toBeVisible();
  await here.keyboard.press('c');
  await expect(here.locator('[data-action=undo]')).toHaveCount(0);
  await here.keyboard.press('s');
  expect(await present(here, theirs)).not.toBe(theirs);
}

test('the service is killed in the middle', async ({ browser }) => {
  const house = await House.open({ past: ['--waiting', '80', '--with-pictures', '80', ...bundleOfDemo()] });
  try {
    let office = await new Office(house).open();
    await office.invite(PEOPLE.reviewer);
    const page = await (await browserOf(browser)).newPage();
    await signIn(page, house, PEOPLE.reviewer);
    await page.goto(`${house.url}/review`);
    const given = new Map<string, Said>();
    await review(page, given, 60, async (n) => {
      if (n !== 20 && n !== 40) return;
      await house.kill();
      // The reviewer notices nothing for a moment: what was prefetched is there, and verdicts wait to be sent.
      const before = await present(page, [...given.keys()].at(-1) ?? null).catch(() => null);
      if (before !== null) {
        await say(page, 'confirmed');
        given.set(before, 'confirmed');
      }
      await house.start();
      await page.waitForTimeout(3000);
    });
    await settled(page);
    office = await new Office(house).open();
    await compare(office, given);
    console.log(`${String(given.size)} decided over two kills, none lost, none twice`);
  } finally {
    await house.close();
  }
});

/** Until nothing is on its way and nothing can be undone any more. */
async function settled(page: Page): Promise<void> {
  await expect(page.locator('[data-action=undo]')).toHaveCount(0, { timeout: 60_000 });
}
