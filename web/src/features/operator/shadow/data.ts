// What the desk asks about new models on trial: how often they and the old ones agreed, where not, and what people say of it.
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api, body, type Schemas } from '@/api/client';
import { isProblem } from '@/api/problem';
import { judged } from './counts';

export type Shadow = Schemas['ShadowOut'];
export type Comparison = Schemas['ComparisonOut'];
export type Spot = Schemas['SpotOut'];
export type Rival = Schemas['RivalOut'];
export type Truth = Schemas['Truth'];
/** Which spots come first. */
export type First = 'often' | 'latest';

/** What can be said of a spot, in the order of its buttons. */
export const TRUTHS: readonly Truth[] = ['something', 'nothing', 'unclear'];

/** Which views, matters and spots. */
export interface Which {
  view?: string;
  matter?: string;
  first?: First;
}

/** Read when the page opens and when somebody asks: spots must not change their places under the hand that judges them. */
export const shadowQuery = (which: Which) =>
  queryOptions({
    queryKey: ['shadow', which],
    queryFn: ({ signal }) => body(api.GET('/api/v1/shadow', { params: { query: which }, signal })),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

/** The masked piece of the frame in which the spot was first seen. */
export const pictureOf = ({ id }: Spot) => `/api/v1/shadow/${id}/picture`;

interface Said {
  spot: Spot;
  /** Null takes back what was said. */
  truth: Truth | null;
}

/** Says what is at a spot. What a colleague said meanwhile is shown by reading anew. */
export function useJudging(which: Which) {
  const client = useQueryClient();
  const { queryKey } = shadowQuery(which);
  return useMutation({
    mutationFn: ({ spot: { id }, truth }: Said) => {
      const params = { path: { id } };
      return body(
        truth
          ? api.POST('/api/v1/shadow/{id}/judgement', { params, body: { truth } })
          : api.DELETE('/api/v1/shadow/{id}/judgement', { params }),
      );
    },
    onSuccess: (spot) => client.setQueryData<Shadow>(queryKey, (shadow) => shadow && judged(shadow, spot)),
    onError: (error) => {
      if (isProblem(error, 409) || isProblem(error, 404)) void client.invalidateQueries({ queryKey });
    },
  });
}
