// What the desk asks about exemplars: how things looked about which somebody said yes or no.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, body, type Schemas } from '@/api/client';

export type Exemplar = Schemas['ExemplarOut'];
export type Polarity = Schemas['Polarity'];
export type ScopeKind = Schemas['ScopeKind'];
export type Preview = Schemas['PreviewOut'];
export type ChangedRuling = Schemas['ChangedOut'];

export const SCOPES: readonly ScopeKind[] = ['view', 'zone', 'city'];

export interface Which {
  view?: string;
  matter?: string;
  /** Without those that were taken back or have expired. */
  counting?: boolean;
}

export const exemplarsQuery = (which: Which) =>
  queryOptions({
    queryKey: ['exemplars', 'list', which],
    queryFn: async ({ signal }) =>
      (await body(api.GET('/api/v1/exemplars', { params: { query: which }, signal }))).items,
  });

/** What it would have changed over the last week, in a scope. */
export const previewQuery = (id: string, scope: ScopeKind) =>
  queryOptions({
    queryKey: ['exemplars', 'preview', id, scope],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/exemplars/{id}/preview', { params: { path: { id }, query: { scope } }, signal })),
  });

/** The piece of the masked picture that the second model looked at. */
export const pictureOf = ({ id, at }: Exemplar) => `/api/v1/exemplars/${id}/picture?at=${Date.parse(at)}`;

export function useExemplarChange(id: string) {
  const client = useQueryClient();
  const path = { params: { path: { id } } };
  const onSuccess = () => client.invalidateQueries({ queryKey: ['exemplars'] });
  const scope = useMutation({
    mutationFn: (scope: ScopeKind) => body(api.PATCH('/api/v1/exemplars/{id}', { ...path, body: { scope } })),
    onSuccess,
  });
  const undo = useMutation({ mutationFn: () => api.DELETE('/api/v1/exemplars/{id}', path), onSuccess });
  return { scope, undo };
}
