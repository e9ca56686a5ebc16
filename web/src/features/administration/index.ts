import { IconUsers } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

export const administration: Feature = {
  name: 'administration',
  icon: IconUsers,
  roles: ['administrator'],
  pages: [],
  routes: [],
};
