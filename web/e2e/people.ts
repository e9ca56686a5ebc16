// People of the tests, and how they come in.
import { type Browser, type BrowserContext, expect, type Page } from '@playwright/test';
import { type House, password } from './house';

export type Role = 'operator' | 'reviewer' | 'supervisor' | 'platform' | 'administrator';

export interface Person {
  name: string;
  shown: string;
  roles: Role[];
  areas?: string[];
  unmask?: boolean;
}

export const PEOPLE = {
  admin: { name: 'zhao', shown: '赵明', roles: ['administrator'] },
  operator: { name: 'chen', shown: '陈立', roles: ['operator'] },
  reviewer: { name: 'wang', shown: '王敏', roles: ['reviewer'] },
  second: { name: 'li', shown: '李强', roles: ['reviewer'] },
  supervisor: { name: 'zhou', shown: '周静', roles: ['supervisor'] },
  platform: { name: 'sun', shown: '孙洁', roles: ['platform'] },
} as const satisfies Record<string, Person>;

/** The API as the administrator calls it: to prepare and to check, never instead of the page. */
export class Office {
  private cookie = '';

  constructor(private readonly house: House) {}

  /** Goes through the one-time link, or logs in where that was done before. */
  async open(): Promise<this> {
    const { name, shown } = PEOPLE.admin;
    const door = await this.call<{ setup_needed: boolean }>('GET', '/door');
    if (door.setup_needed) {
      const secret = this.house.setupLink().split('#')[1];
      await this.call('POST', '/setup', { secret, name, display_name: shown, password });
    } else {
      await this.call('POST', '/session', { name, password });
    }
    return this;
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = { origin: this.house.url };
    if (this.cookie !== '') headers.cookie = this.cookie;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const answer = await fetch(`${this.house.url}/api/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${String(answer.status)} ${text}`);
    const given = answer.headers.getSetCookie().map((one) => one.split(';')[0]);
    if (given.length > 0) this.cookie = given.join('; ');
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Everything of a list, page by page. */
  async all<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let after = '';
    do {
      const joint = path.includes('?') ? '&' : '?';
      const next = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
      const page = await this.call<{ items: T[]; next: string | null }>('GET', `${path}${joint}limit=200${next}`);
      items.push(...page.items);
      after = page.next ?? '';
    } while (after !== '');
    return items;
  }

  /** Makes an account and sets its password as the person would, by the invitation. Does nothing where it is there. */
  async invite(person: Person): Promise<void> {
    const there = await this.all<{ name: string }>('/accounts');
    if (there.some((account) => account.name === person.name)) return;
    const made = await this.call<{ invitation: string }>('POST', '/accounts', {
      name: person.name,
      display_name: person.shown,
      roles: person.roles,
      areas: person.areas ?? null,
      may_unmask: person.unmask ?? false,
    });
    const secret = made.invitation.split('#')[1];
    await fetch(`${this.house.url}/api/v1/invitation`, {
      method: 'POST',
      headers: { origin: this.house.url, 'content-type': 'application/json' },
      body: JSON.stringify({ secret, password }),
    }).then((answer) => expect(answer.ok).toBe(true));
  }
}

interface Looks {
  scheme?: 'light' | 'dark';
  language?: 'zh-CN' | 'en';
}

/** A browser of its own, with one language and one scheme. */
export async function browserOf(browser: Browser, { scheme = 'light', language = 'zh-CN' }: Looks = {}) {
  const context: BrowserContext = await browser.newContext({ colorScheme: scheme, reducedMotion: 'reduce' });
  await context.addInitScript((chosen) => {
    localStorage.setItem('xunjie.language', chosen);
  }, language);
  return context;
}

/** Logs in by the page, as anybody does. */
export async function signIn(page: Page, house: House, person: Person, word = password): Promise<void> {
  await page.goto(`${house.url}/login`);
  const fields = page.getByRole('textbox');
  await fields.first().fill(person.name);
  await page.locator('input[type=password]').fill(word);
  await page.locator('button[type=submit]').click();
  await expect(page.locator('main#main')).toBeVisible();
}
