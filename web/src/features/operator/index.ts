import { IconDeviceCctv } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

const OPERATOR = ['operator'] as const;

export const operator: Feature = {
  name: 'operator',
  icon: IconDeviceCctv,
  // A supervisor judges new models beside the operator who tries them.
  roles: ['operator', 'supervisor'],
  pages: [
    { path: '/operator/coverage', label: 'coverage', roles: OPERATOR },
    { path: '/operator/map', label: 'map', roles: OPERATOR },
    { path: '/operator/cameras', label: 'cameras', roles: OPERATOR },
    { path: '/operator/examples', label: 'examples', roles: OPERATOR },
    { path: '/operator/import', label: 'import', roles: OPERATOR },
    { path: '/operator/trials', label: 'shadow' },
  ],
  routes: [
    {
      path: 'operator/coverage',
      lazy: async () => ({ Component: (await import('./coverage/coverage-page')).CoveragePage }),
    },
    { path: 'operator/map', lazy: async () => ({ Component: (await import('./map/map-page')).MapPage }) },
    {
      path: 'operator/cameras',
      lazy: async () => ({ Component: (await import('./cameras/cameras-page')).CamerasPage }),
    },
    {
      path: 'operator/cameras/new',
      lazy: async () => ({ Component: (await import('./cameras/camera-page')).NewCameraPage }),
    },
    {
      path: 'operator/cameras/:camera',
      lazy: async () => ({ Component: (await import('./cameras/camera-page')).CameraPage }),
    },
    { path: 'operator/import', lazy: async () => ({ Component: (await import('./import/import-page')).ImportPage }) },
    {
      path: 'operator/examples',
      lazy: async () => ({ Component: (await import('./exemplars/exemplars-page')).ExemplarsPage }),
    },
    {
      path: 'operator/trials',
      lazy: async () => ({ Component: (await import('./shadow/shadow-page')).ShadowPage }),
    },
    {
      path: 'operator/coverage/:view',
      lazy: async () => ({ Component: (await import('./views/view-page')).ViewPage }),
    },
  ],
};
