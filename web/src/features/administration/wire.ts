// What the administrator's routes take and answer.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, body, type Role, type Schemas } from '@/api/client';

export type { Role };
export const ROLES: readonly Role[] = ['operator', 'reviewer', 'supervisor', 'platform', 'administrator'];

export type AccountOut = Schemas['AccountOut'];
export type AccountIn = Schemas['AccountIn'];
export type AccountChange = Schemas['AccountChangeIn'];
export type TokenOut = Schemas['TokenOut'];
export type TokenIn = Schemas['TokenIn'];
export type AuditOut = Schemas['AuditOut'];

/** What somebody, or a program, may do and see. */
export type Rights = Pick<AccountOut, 'roles' | 'areas' | 'may_unmask'>;

export interface AuditFilter {
  actor?: string | undefined;
  action?: string | undefined;
  subject?: string | undefined;
  from?: string | undefined;
  until?: string | undefined;
}

export const accountsQuery = queryOptions({
  queryKey: ['accounts'],
  queryFn: async ({ signal }) => (await body(api.GET('/api/v1/accounts', { signal }))).items,
});

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: async ({ signal }) => (await body(api.GET('/api/v1/tokens', { signal }))).items,
});

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) =>
      body(api.GET('/api/v1/audit', { params: { query: narrowed({ ...filter, after: pageParam }) }, signal })),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
  });

/** Without what is not narrowed. */
function narrowed(asked: AuditFilter & { after: string }) {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined && value !== '');
  return { ...Object.fromEntries(given), limit: 100 };
}

const at = (id: string) => ({ params: { path: { id } } });

export const makeAccount = (account: AccountIn) => body(api.POST('/api/v1/accounts', { body: account }));
export const changeAccount = (id: string, change: AccountChange) =>
  body(api.PATCH('/api/v1/accounts/{id}', { ...at(id), body: change }));
export const inviteAnew = (id: string) => body(api.POST('/api/v1/accounts/{id}/invitation', at(id)));
export const makeToken = (token: TokenIn) => body(api.POST('/api/v1/tokens', { body: token }));
export const removeToken = (id: string) => api.DELETE('/api/v1/tokens/{id}', at(id));
