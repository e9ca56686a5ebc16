import { queryOptions } from '@tanstack/react-query';
import { api, body } from './client';

/** The areas that the person sees, with how many streams each has. */
export const areasQuery = queryOptions({
  queryKey: ['areas'],
  queryFn: async ({ signal }) => (await body(api.GET('/api/v1/areas', { signal }))).items,
  staleTime: 5 * 60_000,
});
