import type { TablerIcon } from '@tabler/icons-react';
import type { RouteObject } from 'react-router';
import type { Role } from '@/api/client';

/** One entry of the navigation. `label` is a key of the common texts under `navigation`. */
export interface Page {
  path: string;
  label: string;
  /** Who sees it, where that is fewer than those who see the feature. */
  roles?: readonly Role[];
}

/** A part of the desk for one kind of work. Its routes load what they need when they are opened. */
export interface Feature {
  /** Names the texts (`features/NAME/locales`) and the first part of the address. */
  name: 'review' | 'operator' | 'supervisor' | 'platform' | 'administration';
  icon: TablerIcon;
  /** Who sees it; an administrator sees everything. */
  roles: readonly Role[];
  pages: readonly Page[];
  routes: RouteObject[];
}

/** The navigation's and the router's one test. */
export function mayOpen(roles: readonly Role[], wanted: readonly Role[]): boolean {
  return roles.includes('administrator') || wanted.some((role) => roles.includes(role));
}

/** Who opens what stands at the address: those of the page that it is or lies below. */
export function rolesAt({ pages, roles }: Feature, pathname: string): readonly Role[] {
  const above = pages.filter(({ path }) => pathname === path || pathname.startsWith(`${path}/`));
  const nearest = above.sort((a, b) => b.path.length - a.path.length)[0];
  return nearest?.roles ?? roles;
}
