// What the administrator's routes take and answer.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { ask, type AreaOut, type PageOf, type Role } from '@/api/pending';
import type { Schemas } from '@/api/client';

export type { Role };
export const ROLES: readonly Role[] = ['operator', 'reviewer', 'supervisor', 'platform', 'administrator'];

/** What somebody, or a program, may do and see. */
export interface Rights {
  roles: Role[];
  /** Null: all areas. */
  areas: string[] | null;
  may_unmask: boolean;
}

export interface AccountOut extends Rights {
  id: string;
  name: string;
  display_name: string;
  disabled: boolean;
  created_at: string;
  last_seen_at: string | null;
}

export interface AccountIn extends Rights {
  name: string;
  display_name: string;
}

export interface AccountChange {
  display_name?: string;
  roles?: Role[];
  areas?: string[];
  all_areas?: boolean;
  may_unmask?: boolean;
  disabled?: boolean;
}

export interface TokenOut extends Rights {
  id: string;
  name: string;
  created_by: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export interface TokenIn extends Rights {
  name: string;
  expires_at: string | null;
}

export type AuditOut = Schemas['AuditOut'];

export interface AuditFilter {
  actor?: string | undefined;
  action?: string | undefined;
  subject?: string | undefined;
  from?: string | undefined;
  until?: string | undefined;
}

export const accountsQuery = infiniteQueryOptions({
  queryKey: ['accounts'],
  queryFn: ({ pageParam, signal }) =>
    ask<PageOf<AccountOut>>('GET', '/accounts', { query: { after: pageParam, limit: 200 }, signal }),
  initialPageParam: '',
  getNextPageParam: (page) => page.next,
});

export const tokensQuery = infiniteQueryOptions({
  queryKey: ['tokens'],
  queryFn: ({ pageParam, signal }) =>
    ask<PageOf<TokenOut>>('GET', '/tokens', { query: { after: pageParam, limit: 200 }, signal }),
  initialPageParam: '',
  getNextPageParam: (page) => page.next,
});

export const areasQuery = queryOptions({
  queryKey: ['areas'],
  queryFn: ({ signal }) => ask<{ items: AreaOut[] }>('GET', '/areas', { signal }),
});

export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter],
    queryFn: ({ pageParam, signal }) =>
      ask<PageOf<AuditOut>>('GET', '/audit', { query: { ...filter, after: pageParam, limit: 100 }, signal }),
    initialPageParam: '',
    getNextPageParam: (page) => page.next,
  });

export const makeAccount = (account: AccountIn) =>
  ask<{ account: AccountOut; invitation: string }>('POST', '/accounts', { body: account });
export const changeAccount = (id: string, change: AccountChange) =>
  ask<AccountOut>('PATCH', `/accounts/${id}`, { body: change });
export const inviteAnew = (id: string) => ask<{ invitation: string }>('POST', `/accounts/${id}/invitation`);
export const makeToken = (token: TokenIn) =>
  ask<{ token: TokenOut; secret: string }>('POST', '/tokens', { body: token });
export const removeToken = (id: string) => ask<undefined>('DELETE', `/tokens/${id}`);
