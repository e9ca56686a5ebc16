// Every screen of the desk, as a path and who opens it. `ready` is seen when the screen is whole.
import type { Page } from '@playwright/test';
import { cells, type House } from './house';
import { type Office, PEOPLE, type Person } from './people';

export interface Screen {
  name: string;
  /** A path, or how it is found: of the camera that `furnish` registered, or of something in the past. */
  path: string | ((office: Office, furnished: Furnished) => Promise<string> | string);
  who: Person | null;
  ready: string;
  /** What is done on the page before it is looked at. */
  then?: (page: Page) => Promise<void>;
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
  {
    name: 'signs',
    path: (_, { wall }) => `/operator/coverage/${wall}`,
    who: PEOPLE.operator,
    ready: 'main [role=application] canvas',
    then: async (page) => {
      await page.getByRole('tab', { name: /^(文字|Signs)$/ }).click();
      await page.locator('main ol li').first().waitFor();
    },
  },
  { name: 'examples', path: '/operator/examples', who: PEOPLE.operator, ready: 'main li img' },
  { name: 'trials', path: '/operator/trials', who: PEOPLE.operator, ready: 'main li img' },
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
  /** The view of the wall whose signs were read; one of them is permitted. */
  wall: string;
}

/** The path of a screen. */
export async function pathOf({ path }: Screen, office: Office, furnished: Furnished): Promise<string> {
  return typeof path === 'string' ? path : await path(office, furnished);
}

/**
 * Registers the real cameras, waits for what their first looks leave and draws a zone, twice; permits a sign. In the zone
 * stands the car about which the model on trial and the one in use differ.
 */
export async function furnish(house: House, office: Office): Promise<Furnished> {
  const { stream, view } = await registerStreet(house, office);
  const zone = {
    view,
    name: '消防通道',
    kind: 'strict',
    matters: ['motor_vehicle_parking'],
    polygon: [
      [0.6, 0.05],
      [1, 0.05],
      [1, 0.4],
      [0.6, 0.4],
    ],
  };
  const { id } = await office.call<{ id: string }>('POST', '/zones', zone);
  await office.call('PUT', `/zones/${id}`, { ...zone, name: '消防通道东段' });
  return { stream, view, wall: await furnishWall(house, office) };
}

/** Registers the street as a camera and waits for its reference picture. */
export async function registerStreet(house: House, office: Office): Promise<{ stream: string; view: string }> {
  const stream = await office.call<{ id: string; views: { id: string }[] }>('POST', '/streams', {
    code: '51010601001310009999',
    name: '演示路口',
    url: house.camera,
    matters: ['motor_vehicle_parking'],
    location: {
      longitude: 104.0668,
      latitude: 30.5728,
      crs: 'gcj02',
      address: '演示路与示范街交叉口',
      grid_cell: cells[0][0],
    },
  });
  const view = stream.views[0]?.id ?? '';
  const has = async () =>
    (await office.call<{ view: { reference?: unknown } }>('GET', `/views/${view}`)).view.reference != null;
  for (let tries = 0; !(await has()); tries += 1) {
    if (tries > 120) throw new Error('no look left a reference picture');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return { stream: stream.id, view };
}

/** Registers the wall, draws it as one zone and waits until its signs are read. */
async function furnishWall(house: House, office: Office): Promise<string> {
  const { view } = await registerWall(house, office);
  const signs = async () => (await office.call<{ items: { id: string }[] }>('GET', `/views/${view}/signs`)).items;
  let read = await signs();
  for (let tries = 0; read.length === 0; tries += 1) {
    if (tries > 240) throw new Error('no look read the signs of the wall');
    await new Promise((resolve) => setTimeout(resolve, 500));
    read = await signs();
  }
  await office.call('PUT', `/views/${view}/signs`, { signs: read.slice(0, 1).map(({ id }) => id), permitted: true });
  return view;
}

/** The wall as a camera of which small ads are asked. */
export async function registerWall(house: House, office: Office): Promise<{ view: string }> {
  const matters = ['illegal_small_ad'];
  const stream = await office.call<{ views: { id: string }[] }>('POST', '/streams', {
    code: '51010601001310009998',
    name: '老街墙面',
    url: house.wall,
    matters,
  });
  const view = stream.views[0]?.id ?? '';
  const polygon = [
    [0, 0],
    [1, 0],
    [1, 1],
    [0, 1],
  ];
  await office.call('POST', '/zones', { view, name: '墙面', kind: 'strict', matters, polygon });
  return { view };
}
