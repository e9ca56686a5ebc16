import { expect, it } from 'vitest';
import { askForPassword, settleRenewal } from './renewal';

it('asks once however many calls wait, and lets all of them go on', async () => {
  const waiting = [askForPassword(), askForPassword(), askForPassword()];
  settleRenewal(true);
  expect(await Promise.all(waiting)).toEqual([true, true, true]);
});

it('asks again for a session that ended later', async () => {
  const first = askForPassword();
  settleRenewal(false);
  const second = askForPassword();
  settleRenewal(true);
  expect([await first, await second]).toEqual([false, true]);
});
