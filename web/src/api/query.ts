import { QueryClient } from '@tanstack/react-query';
import { isProblem } from './problem';

/** Answers of the server are kept while the page is open; what the person did wrong is never tried again by itself. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      retry: (tries, error) => tries < 2 && (!isProblem(error) || error.status === 0 || error.status >= 500),
    },
    mutations: { retry: false },
  },
});
