// The one way to the server. A session that has ended is renewed in place: the call waits for the password and is
// then sent again, so that whoever was about to decide loses nothing.
import { Problem } from './problem';

/** Asks for the password; true once a session is there again, false when the person gave up. */
export type Renew = () => Promise<boolean>;

let renew: Renew | null = null;

/** The session hands over how it is renewed; null while nobody has logged in yet. */
export function onSessionEnded(how: Renew | null) {
  renew = how;
}

/** Calls that say by 401 that a name or password is wrong, not that a session has ended. */
const DOORS = ['/api/v1/session', '/api/v1/setup', '/api/v1/invitation', '/api/v1/door'];

/** `fetch` with the session's renewal. Throws a `Problem` where no answer comes. */
export async function deskFetch(input: Request | string, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  // A request's body can be read once; the second try needs a copy.
  const again = request.clone();
  const response = await send(request);
  const isDoor = DOORS.includes(new URL(request.url, location.origin).pathname);
  if (response.status !== 401 || isDoor || renew === null) return response;
  return (await renew()) ? send(again) : response;
}

async function send(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw Problem.unreachable();
  }
}
