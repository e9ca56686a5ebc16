import { createBrowserRouter, Navigate } from 'react-router';
import { useSession } from './session/session';
import { mayOpen } from './feature';
import { FEATURES } from './features';
import { Failed } from './failed';
import { Guard } from './guard';
import { Missing } from './missing';
import { Shell } from './shell/shell';

/** The first page that the person may open. */
function Home() {
  const { roles } = useSession().account;
  const feature = FEATURES.find((feature) => mayOpen(roles, feature.roles) && feature.pages.length > 0);
  const page = feature?.pages.find((page) => mayOpen(roles, page.roles ?? feature.roles));
  return page ? <Navigate to={page.path} replace /> : <Missing />;
}

export const router = createBrowserRouter([
  {
    errorElement: <Failed />,
    HydrateFallback: () => null,
    children: [
      { path: 'login', lazy: async () => ({ Component: (await import('./session/login-page')).LoginPage }) },
      { path: 'setup', lazy: async () => ({ Component: (await import('./session/setup-page')).SetupPage }) },
      {
        path: 'invitation',
        lazy: async () => ({ Component: (await import('./session/invitation-page')).InvitationPage }),
      },
      {
        Component: Shell,
        children: [
          { index: true, Component: Home },
          ...FEATURES.map((feature) => ({
            element: <Guard feature={feature} />,
            errorElement: <Failed />,
            children: feature.routes,
          })),
          { path: '*', Component: Missing },
        ],
      },
    ],
  },
]);
