// A reviewer's hands: looks at what the page shows and presses keys, nothing else.
import { expect, type Page } from '@playwright/test';

export type Said = 'confirmed' | 'rejected';

/** The incident that can be decided now, or null when nothing waits. */
export async function present(page: Page, other: string | null, withinMs = 30_000): Promise<string | null> {
  const found = await page
    .waitForFunction(
      (before) => {
        const desk = document.querySelector<HTMLElement>('[data-incident]');
        if (desk) {
          const { incident, ready } = desk.dataset;
          return ready === 'true' && incident !== before ? incident : null;
        }
        const statuses = [...document.querySelectorAll('main [role=status]')];
        return statuses.some((status) => status.textContent.startsWith('全部复核完毕')) ? 'none' : null;
      },
      other,
      { timeout: withinMs, polling: 'raf' },
    )
    .then((handle) => handle.jsonValue());
  return found === 'none' || found === undefined ? null : found;
}

/** Decides by keys: C, or X and the digit of a reason. */
export async function say(page: Page, said: Said): Promise<void> {
  if (said === 'confirmed') {
    await page.keyboard.press('c');
    return;
  }
  await page.keyboard.press('x');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('1');
}
