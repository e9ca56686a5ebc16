import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useChanges } from '@/api/changes';
import { isProblem } from '@/api/problem';
import { decisions, detailQuery, giveLockBack, takeLock } from './calls';
import { isSomebodyHere } from './presence';
import type { LockOut } from './types';

/** A lock holds 60 s; it is renewed long before. */
export const RENEW_MS = 20_000;

export type LockState = { state: 'taking' | 'mine' | 'unknown' } | { state: 'theirs'; by: string | null };

/**
 * Tells colleagues that the incident is open here, and learns that it is open there. A lock warns and never proves: that
 * two verdicts do not count is the server's work.
 */
export function useLock(id: string | undefined, canReview: boolean): LockState {
  const client = useQueryClient();
  const key = ['lock', id];
  const lock = useQuery({
    queryKey: key,
    enabled: id !== undefined && canReview,
    queryFn: async (): Promise<LockOut | { by: string | null; mine: false }> => {
      const held = client.getQueryData<LockOut>(key);
      if (held && !isSomebodyHere()) return held;
      try {
        return await takeLock(id ?? '');
      } catch (error) {
        if (!isProblem(error, 409)) throw error;
        const detail = await client.fetchQuery({ ...detailQuery(id ?? ''), staleTime: 0 }).catch(() => null);
        return { by: detail?.lock?.by ?? null, mine: false };
      }
    },
    refetchInterval: RENEW_MS,
    refetchIntervalInBackground: true,
    gcTime: 0,
  });
  useEffect(() => {
    if (id === undefined || !canReview) return;
    return () => {
      // A verdict ended the lock; one that cannot be given back ends by itself.
      if (!decisions.all().has(id)) void giveLockBack(id).catch(() => undefined);
    };
  }, [id, canReview]);
  useChanges(['incident.unlocked'], (change) => {
    if (change !== 'reload' && change.subject === id && lock.data && !lock.data.mine) void lock.refetch();
  });
  if (!lock.data) return { state: lock.isError ? 'unknown' : 'taking' };
  return lock.data.mine ? { state: 'mine' } : { state: 'theirs', by: lock.data.by };
}
