import type { IncidentDetailOut, QueueItemOut } from './types';

/** The queue's row of an incident that was opened without the queue: from a link, or after it left the queue. */
export function rowOf(detail: IncidentDetailOut): QueueItemOut {
  return {
    incident: detail.incident,
    stream_name: detail.stream_name ?? '',
    view_name: detail.view_name ?? '',
    area: detail.area,
    address: detail.location?.address ?? null,
    grid_cell: detail.location?.grid_cell ?? null,
    review_due_at: detail.review_due_at,
    level: detail.level,
    picture: detail.pictures.find((picture) => picture.role === 'latest')?.masked ?? null,
    lock: detail.lock,
  };
}
