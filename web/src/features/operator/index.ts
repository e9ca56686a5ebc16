import { IconDeviceCctv } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

export const operator: Feature = {
  name: 'operator',
  icon: IconDeviceCctv,
  roles: ['operator'],
  pages: [],
  routes: [],
};
