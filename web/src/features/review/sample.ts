// Rows for tests.
import type { QueueItemOut } from './types';

export function row(id: string, dueMinute = 0, extra: Partial<QueueItemOut> = {}): QueueItemOut {
  const at = new Date(Date.UTC(2026, 10, 26, 8, dueMinute)).toISOString();
  return {
    incident: {
      id,
      bbox: [0.1, 0.1, 0.2, 0.2],
      first_seen: at,
      last_seen: at,
      matter: 'motor_vehicle_parking',
      matter_name: '机动车乱停放',
      open: true,
      opened_at: at,
      place: id,
      recurrences: 0,
      review: { state: 'waiting' },
      score: 0.8,
      since: at,
      view: id,
      zone: id,
      zone_version: 1,
    },
    stream_name: '天府大道口',
    view_name: '固定',
    area: null,
    address: null,
    grid_cell: null,
    review_due_at: at,
    level: 2,
    picture: null,
    lock: null,
    ...extra,
  };
}
