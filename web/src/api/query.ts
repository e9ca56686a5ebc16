import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { isLimited, limitedMs } from './limited';
import { isProblem } from './problem';

/** Answers of the server are kept while the page is open; what the person did wrong is never tried again by itself. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: learn }),
  mutationCache: new MutationCache({ onError: learn }),
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      retry: (tries, error) =>
        tries < 2 && (!isProblem(error) || error.status === 0 || error.status >= 500 || isLimited(error)),
      retryDelay: (tries, error) => Math.max(limitedMs(error), Math.min(1_000 * 2 ** tries, 30_000)),
    },
    mutations: { retry: false },
  },
});

/** A new password is wanted since the session was read: reading it again shows the page for that. */
function learn(error: unknown) {
  if (isProblem(error, 403) && error.type.endsWith(':must-change-password')) {
    void queryClient.invalidateQueries({ queryKey: ['session'] });
  }
}
