import { IconDeviceCctv } from '@tabler/icons-react';
import type { Feature } from '@/app/feature';

export const operator: Feature = {
  name: 'operator',
  icon: IconDeviceCctv,
  roles: ['operator'],
  pages: [
    { path: '/operator/coverage', label: 'coverage' },
    { path: '/operator/map', label: 'map' },
    { path: '/operator/cameras', label: 'cameras' },
    { path: '/operator/examples', label: 'examples' },
    { path: '/operator/import', label: 'import' },
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
      path: 'operator/coverage/:view',
      lazy: async () => ({ Component: (await import('./views/view-page')).ViewPage }),
    },
  ],
};
