import { IconEye } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

export const review: Feature = {
  name: 'review',
  icon: IconEye,
  roles: ['reviewer', 'supervisor'],
  pages: [{ path: '/review', label: 'queue' }],
  routes: [{ path: 'review/:incident?', lazy: async () => ({ Component: (await import('./queue-page')).QueuePage }) }],
};
