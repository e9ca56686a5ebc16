// Every screen of the desk, as a path and who opens it. `ready` is seen when the screen is whole.
import { PEOPLE, type Person } from './people';

export interface Screen {
  name: string;
  path: string;
  who: Person | null;
  ready: string;
}

export const SCREENS: readonly Screen[] = [
  { name: 'login', path: '/login', who: null, ready: 'button[type=submit]' },
  { name: 'review', path: '/review', who: PEOPLE.reviewer, ready: 'main h1' },
  { name: 'groups', path: '/clusters', who: PEOPLE.reviewer, ready: 'main h1' },
  { name: 'second-review', path: '/second-review', who: PEOPLE.reviewer, ready: 'main h1' },
  { name: 'coverage', path: '/operator/coverage', who: PEOPLE.operator, ready: 'main a' },
  { name: 'map', path: '/operator/map', who: PEOPLE.operator, ready: 'main svg' },
  { name: 'cameras', path: '/operator/cameras', who: PEOPLE.operator, ready: 'main a' },
  { name: 'camera', path: '/operator/cameras/new', who: PEOPLE.operator, ready: 'main h1' },
  { name: 'import', path: '/operator/import', who: PEOPLE.operator, ready: 'main h1' },
  { name: 'statistics', path: '/supervisor/statistics', who: PEOPLE.supervisor, ready: 'main figure' },
  { name: 'days', path: '/supervisor/statistics?by=day', who: PEOPLE.supervisor, ready: 'main figure' },
  { name: 'hot-spots', path: '/supervisor/hot-spots', who: PEOPLE.supervisor, ready: 'main table' },
  { name: 'agreement', path: '/supervisor/agreement', who: PEOPLE.supervisor, ready: 'main dl' },
  { name: 'report', path: '/supervisor/report', who: PEOPLE.supervisor, ready: 'main article' },
  { name: 'platform', path: '/platform', who: PEOPLE.platform, ready: 'main dl' },
  { name: 'deliveries', path: '/platform/deliveries?state=delivered', who: PEOPLE.platform, ready: 'main h1' },
  { name: 'cases', path: '/platform/cases', who: PEOPLE.platform, ready: 'main table' },
  { name: 'reconciliation', path: '/platform/reconciliation', who: PEOPLE.platform, ready: 'main h1' },
  { name: 'accounts', path: '/administration/accounts', who: PEOPLE.admin, ready: 'main table' },
  { name: 'tokens', path: '/administration/tokens', who: PEOPLE.admin, ready: 'main h1' },
  { name: 'audit', path: '/administration/audit', who: PEOPLE.admin, ready: 'main table' },
];
