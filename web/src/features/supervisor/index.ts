import { IconChartBar } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

export const supervisor: Feature = {
  name: 'supervisor',
  icon: IconChartBar,
  roles: ['supervisor'],
  pages: [],
  routes: [],
};
