import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from './problem';
import { deskFetch, onSessionEnded } from './transport';

/** The network, scripted: whether there is a session, and what came in. */
const network = { hasSession: true, isDown: false, bodies: [] as string[] };

beforeEach(() => {
  Object.assign(network, { hasSession: true, isDown: false, bodies: [] });
  vi.stubGlobal('fetch', async (request: Request) => {
    if (network.isDown) throw new TypeError('no route');
    network.bodies.push(await request.text());
    return new Response(null, { status: network.hasSession ? 204 : 401 });
  });
});
afterEach(() => {
  onSessionEnded(null);
  vi.unstubAllGlobals();
});

const send = (path: string, text: string) => deskFetch(`http://desk.test${path}`, { method: 'POST', body: text });

describe('a call without a session', () => {
  it('waits for the password and is then sent again with all that it carried', async () => {
    network.hasSession = false;
    onSessionEnded(() => {
      network.hasSession = true;
      return Promise.resolve(true);
    });
    const response = await send('/api/v1/incidents/1/verdict', 'confirmed');
    expect(response.status).toBe(204);
    expect(network.bodies).toEqual(['confirmed', 'confirmed']);
  });

  it('is answered as it was where the person gives up', async () => {
    network.hasSession = false;
    onSessionEnded(() => Promise.resolve(false));
    expect((await send('/api/v1/incidents/1/verdict', 'confirmed')).status).toBe(401);
    expect(network.bodies).toHaveLength(1);
  });

  it('never asks at the door, where 401 means a wrong password', async () => {
    network.hasSession = false;
    const renew = vi.fn(() => Promise.resolve(true));
    onSessionEnded(renew);
    expect((await send('/api/v1/session', 'wrong')).status).toBe(401);
    expect(renew).not.toHaveBeenCalled();
  });
});

describe('a call without an answer', () => {
  it('is a problem without a status', async () => {
    network.isDown = true;
    await expect(send('/api/v1/session', '')).rejects.toMatchObject({ status: 0 });
    await expect(send('/api/v1/session', '')).rejects.toBeInstanceOf(Problem);
  });
});
