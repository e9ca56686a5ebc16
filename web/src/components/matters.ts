import { queryOptions, useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body, type Schemas } from '@/api/client';

export type Matter = Schemas['MatterOut'];

/** What this city looks for. It changes only when the service is started anew. */
export const mattersQuery = queryOptions({
  queryKey: ['matters'],
  queryFn: async ({ signal }): Promise<Matter[]> => (await body(api.GET('/api/v1/matters', { signal }))).items,
  staleTime: Infinity,
});

/** The matters, by the names of the chosen language. */
export function useMatters(): Matter[] {
  const { i18n } = useTranslation();
  const { data } = useQuery(mattersQuery);
  const isEnglish = i18n.language === 'en';
  return (data ?? []).map((matter) => (isEnglish ? { ...matter, name: matter.name_en ?? matter.name } : matter));
}

/** The name of a matter in the chosen language, from its name in the standard. One that is unknown keeps its own. */
export function useMatterName(): (name: string) => string {
  const { i18n } = useTranslation();
  const { data } = useQuery(mattersQuery);
  const isEnglish = i18n.language === 'en';
  return useCallback(
    (name: string) => (isEnglish ? (data?.find((matter) => matter.name === name)?.name_en ?? name) : name),
    [data, isEnglish],
  );
}

/** What finding a matter rests on, by its key; undefined where the catalogue does not know it any more. */
export function useMatterLevel(): (key: string) => Matter['level'] | undefined {
  const { data } = useQuery(mattersQuery);
  return useCallback((key: string) => data?.find((matter) => matter.key === key)?.level, [data]);
}
