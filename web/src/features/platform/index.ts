import { IconTruckDelivery } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

export const platform: Feature = {
  name: 'platform',
  icon: IconTruckDelivery,
  roles: ['platform', 'supervisor'],
  pages: [
    { path: '/platform', label: 'overview', roles: ['platform'] },
    { path: '/platform/deliveries', label: 'deliveries' },
    { path: '/platform/cases', label: 'cases' },
    { path: '/platform/reconciliation', label: 'reconciliation' },
  ],
  routes: [
    { path: 'platform', lazy: async () => ({ Component: (await import('./overview-page')).OverviewPage }) },
    {
      path: 'platform/deliveries',
      lazy: async () => ({ Component: (await import('./deliveries-page')).DeliveriesPage }),
    },
    { path: 'platform/cases', lazy: async () => ({ Component: (await import('./cases-page')).CasesPage }) },
    { path: 'platform/cases/:id', lazy: async () => ({ Component: (await import('./case-page')).CasePage }) },
    {
      path: 'platform/reconciliation',
      lazy: async () => ({ Component: (await import('./reconciliation-page')).ReconciliationPage }),
    },
  ],
};
