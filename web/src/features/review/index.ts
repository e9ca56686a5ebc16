import { IconEye } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

export const review: Feature = {
  name: 'review',
  icon: IconEye,
  roles: ['reviewer', 'supervisor'],
  pages: [
    { path: '/review', label: 'queue' },
    { path: '/clusters', label: 'clusters', roles: ['reviewer'] },
    { path: '/second-review', label: 'second' },
  ],
  routes: [
    { path: 'review/:incident?', lazy: async () => ({ Component: (await import('./queue-page')).QueuePage }) },
    { path: 'clusters', lazy: async () => ({ Component: (await import('./clusters-page')).ClustersPage }) },
    {
      path: 'second-review',
      lazy: async () => ({ Component: (await import('./second-review-page')).SecondReviewPage }),
    },
  ],
};
