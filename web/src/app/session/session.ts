import { queryOptions, useQuery } from '@tanstack/react-query';
import { createContext, use } from 'react';
import { api, body, type Role, type Schemas } from '@/api/client';
import { isProblem } from '@/api/problem';
import { queryClient } from '@/api/query';
import { mayOpen } from '../feature';
import { learnServerTime } from './clock';

export type SessionOut = Schemas['SessionOut'];

/** The clock is compared this often. */
const CLOCK_MS = 5 * 60_000;

/** Asks and takes the server's time from the answer on the way. */
async function timed(call: () => Promise<SessionOut>): Promise<SessionOut> {
  const asked = Date.now();
  const session = await call();
  learnServerTime(session.server_time, asked, Date.now());
  return session;
}

/** Who is logged in; null when nobody is. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<SessionOut | null> => {
    try {
      return await timed(() => body(api.GET('/api/v1/session')));
    } catch (error) {
      if (isProblem(error, 401)) return null;
      throw error;
    }
  },
  staleTime: CLOCK_MS,
  refetchInterval: CLOCK_MS,
});

export const doorQuery = queryOptions({ queryKey: ['door'], queryFn: () => body(api.GET('/api/v1/door')) });

/** The ways in: each ends with a session and a cookie. */
export const byPassword = (given: Schemas['SessionIn']) =>
  enter(() => body(api.POST('/api/v1/session', { body: given })));
export const bySetup = (given: Schemas['SetupIn']) => enter(() => body(api.POST('/api/v1/setup', { body: given })));
export const byInvitation = (given: Schemas['InvitationIn']) =>
  enter(() => body(api.POST('/api/v1/invitation', { body: given })));

async function enter(way: () => Promise<SessionOut>): Promise<SessionOut> {
  const session = await timed(way);
  const before = queryClient.getQueryData(sessionQuery.queryKey);
  // What another person saw does not stay behind for the next.
  if (before && before.account.id !== session.account.id) queryClient.removeQueries({ predicate: notTheSession });
  queryClient.setQueryData(sessionQuery.queryKey, session);
  return session;
}

export async function leave() {
  await api.DELETE('/api/v1/session');
  queryClient.removeQueries({ predicate: notTheSession });
  queryClient.setQueryData(sessionQuery.queryKey, null);
}

const notTheSession = (query: { queryKey: readonly unknown[] }) => query.queryKey[0] !== 'session';

export function useSessionQuery() {
  return useQuery(sessionQuery);
}

export const SessionContext = createContext<SessionOut | null>(null);

/** The session; only below the shell, where there always is one. */
export function useSession(): SessionOut {
  const session = use(SessionContext);
  if (!session) throw new Error('useSession is called outside of the shell');
  return session;
}

/** Whether the person has one of the roles. */
export function useMay(...wanted: Role[]): boolean {
  return mayOpen(useSession().account.roles, wanted);
}
