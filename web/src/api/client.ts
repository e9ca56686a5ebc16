// The typed client, generated from the server's OpenAPI document. Every answer that is no success is thrown as a `Problem`.
import createClient, { type Middleware } from 'openapi-fetch';
import { learnLimit } from './limited';
import { Problem } from './problem';
import type { components, paths } from './schema';
import { deskFetch } from './transport';

export type Schemas = components['schemas'];
export type Role = Schemas['Role'];
export type AreaOut = Schemas['AreaOut'];

const throwProblems: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return response;
    const problem = await Problem.of(response);
    learnLimit(problem);
    throw problem;
  },
};

export const api = createClient<paths>({ baseUrl: location.origin, fetch: (request) => deskFetch(request) });
api.use(throwProblems);

/** The body of an answer; the middleware has thrown whatever was no success. */
export async function body<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  return data as T;
}
