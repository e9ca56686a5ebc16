import { IconTruckDelivery } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

export const platform: Feature = {
  name: 'platform',
  icon: IconTruckDelivery,
  roles: ['platform', 'supervisor'],
  pages: [],
  routes: [],
};
