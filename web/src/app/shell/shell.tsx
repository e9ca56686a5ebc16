// The frame around every page: navigation, whether the page is live, the clock, the person. One row, so that the picture
// has the height of the screen.
import { Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useEffect } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { onSessionEnded } from '@/api/transport';
import { Announcer } from '@/components/announce';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { ClockWarning } from '../session/clock-warning';
import { MustChangePage } from '../session/must-change-page';
import { askForPassword } from '../session/renewal';
import { SessionContext, useSessionQuery } from '../session/session';
import { AccountMenu } from './account-menu';
import { LimitNote } from './limit-note';
import { LiveSign } from './live-sign';
import { Navigation } from './navigation';
import classes from './shell.module.css';

export function Shell() {
  const { t } = useTranslation();
  const { data: session, error, isPending } = useSessionQuery();
  const here = useLocation();
  const isIn = session !== null && session !== undefined;
  useEffect(() => {
    if (!isIn) return;
    onSessionEnded(askForPassword);
    return () => onSessionEnded(null);
  }, [isIn]);

  if (isPending) return <Waiting />;
  if (error && !session) return <ProblemText error={error} />;
  if (!session) return <Navigate to="/login" replace state={{ from: here.pathname + here.search }} />;
  if (session.account.must_change_password) return <MustChangePage />;
  return (
    <SessionContext value={session}>
      <a className={classes.skip} href="#main">
        {t('skip_to_content')}
      </a>
      <div className={classes.frame}>
        <header className={classes.header}>
          <Text component="span" fw={700} className={classes.brand}>
            {t('brand')}
          </Text>
          <Navigation />
          <Group gap="sm" ml="auto" wrap="nowrap">
            <LiveSign />
            <Text size="xs" c="dimmed" truncate maw={120} visibleFrom="lg">
              {session.city}
            </Text>
            <AccountMenu />
          </Group>
        </header>
        <ClockWarning />
        <LimitNote />
        <main id="main" tabIndex={-1} className={classes.main}>
          <Outlet />
        </main>
      </div>
      <Announcer />
    </SessionContext>
  );
}
