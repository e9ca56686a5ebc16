// What comes next is fetched while the reviewer looks at what is there: details, and pictures down to their pixels.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { detailQuery } from './calls';
import type { IncidentDetailOut, QueueItemOut } from './types';

/** Incidents ahead whose pictures are fetched. */
export const AHEAD = 3;
/** Decoded pictures that are kept; at 1080p each takes 8 MB. */
const PICTURES_MAX = 16;

const pictures = new Map<string, HTMLImageElement>();

/** Fetches and decodes a picture; a further call for the same one makes it the youngest. */
export function prepare(url: string | null) {
  if (!url) return;
  const known = pictures.get(url);
  pictures.delete(url);
  const image = known ?? new Image();
  pictures.set(url, image);
  if (!known) {
    image.src = url;
    // One that cannot be fetched says so where it is drawn.
    image.decode().catch(() => pictures.delete(url));
  }
  for (const oldest of pictures.keys()) {
    if (pictures.size <= PICTURES_MAX) break;
    pictures.delete(oldest);
  }
}

/** The masked pictures of an incident, the one that is shown first at the end. Originals are never fetched unasked. */
export function masked(detail: IncidentDetailOut): string[] {
  return detail.pictures.flatMap((picture) => picture.masked ?? []);
}

export function usePrefetch(ahead: readonly QueueItemOut[]) {
  const client = useQueryClient();
  const ids = ahead.map((row) => row.incident.id).join(' ');
  useEffect(() => {
    let isLeft = false;
    const fetchAll = async () => {
      for (const id of ids.split(' ').filter(Boolean)) {
        const detail = await client.fetchQuery(detailQuery(id)).catch(() => null);
        if (isLeft) return;
        if (detail) masked(detail).forEach(prepare);
      }
    };
    void fetchAll();
    return () => {
      isLeft = true;
    };
  }, [client, ids]);
}
