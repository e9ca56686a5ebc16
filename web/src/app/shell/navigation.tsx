import { useTranslation } from 'react-i18next';
import { NavLink, useLocation } from 'react-router';
import { mayOpen } from '../feature';
import { FEATURES } from '../features';
import { useSession } from '../session/session';
import classes from './shell.module.css';

/** First the parts of the desk that the person may open, then the pages of the part that is open. */
export function Navigation() {
  const { t } = useTranslation();
  const { roles } = useSession().account;
  const { pathname } = useLocation();
  const parts = FEATURES.filter((feature) => mayOpen(roles, feature.roles))
    .map((feature) => ({
      ...feature,
      pages: feature.pages.filter((page) => mayOpen(roles, page.roles ?? feature.roles)),
    }))
    .filter((part) => part.pages.length > 0);
  const within = (path: string) => pathname === path || pathname.startsWith(`${path}/`);
  const open = parts.find((part) => part.pages.some((page) => within(page.path)));
  return (
    <nav className={classes.links} aria-label={t('navigation.label')}>
      {parts.length > 1 &&
        parts.map(({ name, icon: Icon, pages }) => (
          <NavLink
            key={name}
            to={pages[0]?.path ?? '/'}
            className={classes.link}
            aria-current={undefined}
            data-within={open?.name === name}
          >
            <Icon size={16} stroke={1.75} aria-hidden />
            {t(`navigation.${name}.label`)}
          </NavLink>
        ))}
      {parts.length > 1 && open && open.pages.length > 0 && <span className={classes.divider} aria-hidden />}
      {open?.pages.map((page) => (
        <NavLink key={page.path} to={page.path} className={classes.link} end={hasDeeper(open.pages, page.path)}>
          {t(`navigation.${open.name}.${page.label}`)}
        </NavLink>
      ))}
    </nav>
  );
}

/** Whether another page's address begins with this one's, so that both would light up. */
function hasDeeper(pages: readonly { path: string }[], path: string): boolean {
  return pages.some((page) => page.path.startsWith(`${path}/`));
}
