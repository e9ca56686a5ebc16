import { useQuery } from '@tanstack/react-query';
import { api, body } from '@/api/client';

/** What this city looks for. It changes only when the service is started anew. */
export function useMatters(): { key: string; name: string }[] {
  const matters = useQuery({
    queryKey: ['matters'],
    queryFn: ({ signal }) => body(api.GET('/api/v1/matters', { signal })),
    staleTime: Infinity,
  });
  return matters.data?.items ?? [];
}
