/**
 * What somebody fills in about a camera, and what is sent of it. A credential is only ever written: the form begins
 * without one, and what is left empty is not sent. Pure.
 */
import type { Location, Stream, StreamChange } from '../data';

export interface CameraValues {
  code: string;
  name: string;
  url: string;
  username: string;
  password: string;
  transport: 'auto' | 'tcp' | 'udp';
  area: string;
  longitude: number | string;
  latitude: number | string;
  crs: Location['crs'];
  address: string;
  grid_cell: string;
  matters: string[];
  revisit_s: number | string;
  enabled: boolean;
}

export const NEW_CAMERA: CameraValues = {
  code: '',
  name: '',
  url: '',
  username: '',
  password: '',
  transport: 'auto',
  area: '',
  longitude: '',
  latitude: '',
  crs: 'cgcs2000',
  address: '',
  grid_cell: '',
  matters: [],
  revisit_s: '',
  enabled: true,
};

export const FIELDS = Object.keys(NEW_CAMERA);

export function valuesOf(stream: Stream): CameraValues {
  const { code, name, url, transport, area, location, enabled } = stream;
  return {
    ...NEW_CAMERA,
    code,
    name,
    url,
    transport,
    area: area ?? '',
    enabled,
    ...(location && {
      longitude: location.longitude,
      latitude: location.latitude,
      crs: location.crs,
      address: location.address,
      grid_cell: location.grid_cell ?? '',
    }),
  };
}

/** What is wrong before anything is sent: keys of the texts under `camera.fault`. */
export function checkValues(values: CameraValues): Partial<Record<keyof CameraValues, string>> {
  const faults: Partial<Record<keyof CameraValues, string>> = {};
  if (values.code.trim() === '') faults.code = 'needed';
  if (values.name.trim() === '') faults.name = 'needed';
  if (values.url.trim() === '') faults.url = 'needed';
  // The server hides the values of a stored address; sent back, the stars would replace them.
  if (values.url.includes('***')) faults.url = 'hidden';
  if (values.password !== '' && values.username.trim() === '') faults.username = 'lone_password';
  const { longitude, latitude } = values;
  if (longitude !== '' && latitude === '') faults.latitude = 'both';
  if (latitude !== '' && longitude === '') faults.longitude = 'both';
  const isPlaced = longitude !== '' && latitude !== '';
  if (!isPlaced && (values.address.trim() !== '' || values.grid_cell.trim() !== '')) faults.longitude = 'place';
  return faults;
}

export function locationOf(values: CameraValues): Location | null {
  const { longitude, latitude, crs, address, grid_cell } = values;
  if (typeof longitude !== 'number' || typeof latitude !== 'number') return null;
  return { longitude, latitude, crs, address: address.trim(), grid_cell: grid_cell.trim() || null };
}

/** A camera to register, or to try before it is. */
export function streamIn(values: CameraValues) {
  return {
    code: values.code.trim(),
    name: values.name.trim(),
    url: values.url.trim(),
    transport: values.transport,
    area: values.area.trim() || null,
    location: locationOf(values),
    matters: values.matters,
    revisit_s: typeof values.revisit_s === 'number' ? values.revisit_s : null,
    enabled: values.enabled,
    ...credentialOf(values),
  };
}

/** Only what is not as it was. */
export function streamChange(values: CameraValues, before: Stream): StreamChange {
  const was = valuesOf(before);
  const change: StreamChange = { ...credentialOf(values) };
  for (const field of ['code', 'name', 'url'] as const) {
    if (values[field].trim() !== was[field]) change[field] = values[field].trim();
  }
  if (values.transport !== was.transport) change.transport = values.transport;
  if (values.enabled !== was.enabled) change.enabled = values.enabled;
  if (values.area.trim() !== was.area) change.area = values.area.trim() || null;
  const location = locationOf(values);
  if (location && JSON.stringify(location) !== JSON.stringify(locationOf(was))) change.location = location;
  return change;
}

/** Whether the address leads to another machine, so that a stored credential is not sent there. */
export function movesHost(values: CameraValues, before: Stream): boolean {
  const host = (url: string) => {
    try {
      const { protocol, host } = new URL(url.trim());
      return `${protocol}${host}`;
    } catch {
      return url.trim();
    }
  };
  return before.has_credential && host(values.url) !== host(before.url);
}

function credentialOf({ username, password }: CameraValues) {
  return username.trim() === '' ? {} : { username: username.trim(), password };
}
