// Routes of the contract that the OpenAPI document does not know yet: their types by hand, and one untyped way to call
// them. Each goes once the document has it; nothing else may be added here.
import { Problem } from './problem';
import { deskFetch } from './transport';

type Query = Record<string, string | number | boolean | null | undefined>;

/** Calls a route of which the document knows nothing. `path` without `/api/v1`. */
export async function ask<T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  options: { query?: Query; body?: unknown; text?: { type: string; body: BodyInit }; signal?: AbortSignal } = {},
): Promise<T> {
  const url = new URL(`/api/v1${path}`, location.origin);
  for (const [name, value] of Object.entries(options.query ?? {})) {
    if (value !== undefined && value !== null && value !== '') url.searchParams.set(name, String(value));
  }
  const init: RequestInit = { method };
  if (options.signal) init.signal = options.signal;
  if (options.text) {
    init.body = options.text.body;
    init.headers = { 'content-type': options.text.type };
  } else if (options.body !== undefined) {
    init.body = JSON.stringify(options.body);
    init.headers = { 'content-type': 'application/json' };
  }
  const response = await deskFetch(url.href, init);
  if (!response.ok) throw await Problem.of(response);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export interface PageOf<T> {
  items: T[];
  next: string | null;
}

export type Role = 'operator' | 'reviewer' | 'supervisor' | 'platform' | 'administrator';

export interface DoorOut {
  setup_needed: boolean;
  oidc: string | null;
  tls: boolean;
}

export interface AccountOfSession {
  id: string;
  name: string;
  display_name: string;
  roles: Role[];
  /** Null: all areas. */
  areas: string[] | null;
  may_unmask: boolean;
  must_change_password: boolean;
}

export interface SessionOut {
  account: AccountOfSession;
  server_time: string;
  utc_offset: string;
  city: string;
  version: string;
  undo_ms: number;
}

export interface AreaOut {
  name: string;
  streams: number;
}
