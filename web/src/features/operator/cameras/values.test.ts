import { describe, expect, it } from 'vitest';
import type { Stream } from '../data';
import { checkValues, movesHost, NEW_CAMERA, streamChange, streamIn, valuesOf, type CameraValues } from './values';

const stream = {
  id: 's1',
  code: 'C1',
  name: '东门',
  url: 'rtsp://10.0.0.8/ch1',
  has_credential: true,
  transport: 'auto',
  area: '青羊区',
  location: { longitude: 104.06, latitude: 30.57, crs: 'gcj02', address: '天府大道', grid_cell: null },
  enabled: true,
  registered_at: '2026-11-26T00:00:00Z',
  views: [],
} as Stream;
const filled: CameraValues = { ...NEW_CAMERA, code: ' C1 ', name: '东门', url: 'rtsp://10.0.0.8/ch1' };

describe('what is filled in about a camera', () => {
  it('is sent without a credential where none was typed', () => {
    expect(streamIn(filled)).toMatchObject({ code: 'C1', location: null, area: null, revisit_s: null });
    expect(streamIn(filled)).not.toHaveProperty('password');
    expect(streamIn({ ...filled, username: 'viewer', password: 's3cret' })).toMatchObject({
      username: 'viewer',
      password: 's3cret',
    });
  });

  it('changes only what is not as it was', () => {
    expect(streamChange(valuesOf(stream), stream)).toEqual({});
    expect(streamChange({ ...valuesOf(stream), name: '西门', area: '' }, stream)).toEqual({ name: '西门', area: null });
    expect(streamChange({ ...valuesOf(stream), address: '人民路' }, stream)).toEqual({
      location: { ...stream.location, address: '人民路' },
    });
    expect(streamChange({ ...valuesOf(stream), username: 'v', password: 'p' }, stream)).toEqual({
      username: 'v',
      password: 'p',
    });
  });

  it('never has the credential that is kept', () => {
    expect(valuesOf(stream)).toMatchObject({ username: '', password: '' });
  });

  it.each<[Partial<CameraValues>, Partial<Record<keyof CameraValues, string>>]>([
    [{}, {}],
    [
      { code: ' ', name: '', url: '' },
      { code: 'needed', name: 'needed', url: 'needed' },
    ],
    [{ url: 'rtsp://10.0.0.8/user=a&password=***' }, { url: 'hidden' }],
    [{ password: 'x' }, { username: 'lone_password' }],
    [{ longitude: 104 }, { latitude: 'both' }],
    [{ latitude: 30 }, { longitude: 'both' }],
    [{ address: '天府大道' }, { longitude: 'place' }],
    [{ address: '天府大道', longitude: 104, latitude: 30 }, {}],
  ])('%j', (patch, faults) => {
    expect(checkValues({ ...filled, ...patch })).toEqual(faults);
  });

  it('says when a kept credential would go to another machine', () => {
    expect(movesHost(valuesOf(stream), stream)).toBe(false);
    expect(movesHost({ ...filled, url: 'rtsp://10.0.0.8/ch2' }, stream)).toBe(false);
    for (const url of ['rtsp://10.0.0.9/ch1', 'rtsp://10.0.0.8:8554/ch1', 'http://10.0.0.8/ch1']) {
      expect(movesHost({ ...filled, url }, stream), url).toBe(true);
    }
  });
});
