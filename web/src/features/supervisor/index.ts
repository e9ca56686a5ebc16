import { IconChartBar } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

export const supervisor: Feature = {
  name: 'supervisor',
  icon: IconChartBar,
  roles: ['supervisor'],
  pages: [
    { path: '/supervisor/statistics', label: 'statistics' },
    { path: '/supervisor/hot-spots', label: 'hot_spots' },
    { path: '/supervisor/agreement', label: 'agreement' },
    { path: '/supervisor/report', label: 'report' },
  ],
  routes: [
    {
      path: 'supervisor/statistics',
      lazy: async () => ({ Component: (await import('./statistics-page')).StatisticsPage }),
    },
    {
      path: 'supervisor/hot-spots',
      lazy: async () => ({ Component: (await import('./hot-spots-page')).HotSpotsPage }),
    },
    {
      path: 'supervisor/agreement',
      lazy: async () => ({ Component: (await import('./agreement-page')).AgreementPage }),
    },
    {
      path: 'supervisor/report/:month?',
      lazy: async () => ({ Component: (await import('./report-page')).ReportPage }),
    },
  ],
};
