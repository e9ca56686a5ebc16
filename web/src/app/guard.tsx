import { Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Outlet, useLocation } from 'react-router';
import { Refused } from '@/components/refused';
import { Waiting } from '@/components/waiting';
import { mayOpen, rolesAt, type Feature } from './feature';
import { useSession } from './session/session';

/** Lets in whose role opens the page. The server refuses by itself; this says so in words before anything is asked. */
export function Guard({ feature }: { feature: Feature }) {
  const { t } = useTranslation();
  const { roles } = useSession().account;
  const { pathname } = useLocation();
  if (!mayOpen(roles, rolesAt(feature, pathname)))
    return <Refused title={t('refused.title')} text={t('refused.role')} />;
  return (
    <Suspense fallback={<Waiting />}>
      <Outlet />
    </Suspense>
  );
}
