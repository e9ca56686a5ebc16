import { IconUsers } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

export const administration: Feature = {
  name: 'administration',
  icon: IconUsers,
  roles: ['administrator'],
  pages: [
    { path: '/administration/accounts', label: 'accounts' },
    { path: '/administration/tokens', label: 'tokens' },
    { path: '/administration/audit', label: 'audit' },
  ],
  routes: [
    {
      path: 'administration/accounts',
      lazy: async () => ({ Component: (await import('./accounts-page')).AccountsPage }),
    },
    { path: 'administration/tokens', lazy: async () => ({ Component: (await import('./tokens-page')).TokensPage }) },
    { path: 'administration/audit', lazy: async () => ({ Component: (await import('./audit-page')).AuditPage }) },
  ],
};
