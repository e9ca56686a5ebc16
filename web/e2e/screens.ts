// Every screen of the desk, as a path and who opens it. `ready` is seen when the screen is whole.
import type { House } from './house';
import { type Office, PEOPLE, type Person } from './people';

export interface Screen {
  name: string;
  /** A path, or how it is found: of the camera that `furnish` registered, or of something in the past. */
  path: string | ((office: Office, furnished: Furnished) => Promise<string> | string);
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
  {
    name: 'known-camera',
    path: (_, { stream }) => `/operator/cameras/${stream}`,
    who: PEOPLE.operator,
    ready: 'main h1',
  },
  {
    name: 'zones',
    path: (_, { view }) => `/operator/coverage/${view}`,
    who: PEOPLE.operator,
    ready: 'main [role=application] canvas',
  },
  { name: 'examples', path: '/operator/examples', who: PEOPLE.operator, ready: 'main li img' },
  { name: 'import', path: '/operator/import', who: PEOPLE.operator, ready: 'main h1' },
  { name: 'statistics', path: '/supervisor/statistics', who: PEOPLE.supervisor, ready: 'main figure' },
  { name: 'days', path: '/supervisor/statistics?by=day', who: PEOPLE.supervisor, ready: 'main figure' },
  { name: 'hot-spots', path: '/supervisor/hot-spots', who: PEOPLE.supervisor, ready: 'main table' },
  { name: 'agreement', path: '/supervisor/agreement', who: PEOPLE.supervisor, ready: 'main dl' },
  { name: 'report', path: '/supervisor/report', who: PEOPLE.supervisor, ready: 'main article' },
  { name: 'platform', path: '/platform', who: PEOPLE.platform, ready: 'main dl' },
  { name: 'deliveries', path: '/platform/deliveries?state=delivered', who: PEOPLE.platform, ready: 'main h1' },
  { name: 'cases', path: '/platform/cases', who: PEOPLE.platform, ready: 'main table' },
  {
    name: 'case',
    path: async (office) => {
      const [newest] = await office.all<{ id: string }>('/cases');
      return `/platform/cases/${newest?.id ?? ''}`;
    },
    who: PEOPLE.platform,
    ready: 'main h2',
  },
  { name: 'reconciliation', path: '/platform/reconciliation', who: PEOPLE.platform, ready: 'main h1' },
  { name: 'accounts', path: '/administration/accounts', who: PEOPLE.admin, ready: 'main table' },
  { name: 'tokens', path: '/administration/tokens', who: PEOPLE.admin, ready: 'main h1' },
  { name: 'audit', path: '/administration/audit', who: PEOPLE.admin, ready: 'main table' },
];

/** What `furnish` made. */
export interface Furnished {
  stream: string;
  view: string;
}

/** The path of a screen. */
export async function pathOf({ path }: Screen, office: Office, furnished: Furnished): Promise<string> {
  return typeof path === 'string' ? path : await path(office, furnished);
}

/** Registers the real camera, waits for the reference picture of its first look and draws a zone on it, twice. */
export async function furnish(house: House, office: Office): Promise<Furnished> {
  const stream = await office.call<{ id: string; views: { id: string }[] }>('POST', '/streams', {
    code: '51010601001310009999',
    name: '演示路口',
    url: house.camera,
    matters: ['motor_vehicle_parking'],
  });
  const view = stream.views[0]?.id ?? '';
  const has = async () =>
    (await office.call<{ view: { reference?: unknown } }>('GET', `/views/${view}`)).view.reference != null;
  for (let tries = 0; !(await has()); tries += 1) {
    if (tries > 120) throw new Error('no look left a reference picture');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const zone = {
    view,
    name: '消防通道',
    kind: 'strict',
    matters: ['motor_vehicle_parking'],
    polygon: [
      [0.6, 0.05],
      [0.95, 0.05],
      [0.95, 0.4],
      [0.6, 0.4],
    ],
  };
  const { id } = await office.call<{ id: string }>('POST', '/zones', zone);
  await office.call('PUT', `/zones/${id}`, { ...zone, name: '消防通道东段' });
  return { stream: stream.id, view };
}
