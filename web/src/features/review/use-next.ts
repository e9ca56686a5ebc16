import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useLayoutEffect, useRef } from 'react';
import { useChanges } from '@/api/changes';
import { isProblem } from '@/api/problem';
import { decisions, giveLockBack, nextQuery, takeLock } from './calls';
import { isSomebodyHere } from './presence';
import type { NextOut, QueueFilter } from './types';
import { RENEW_MS } from './use-lock';

/** Where colleagues have everything open, it is asked this often: a lock that ends by itself is told to nobody. */
const ASK_AGAIN_MS = 10_000;
/** Longer than this nobody waits for the server; the list of the page says then what comes. */
const PATIENCE_MS = 5_000;

export interface Next {
  data: NextOut | undefined;
  /** The id of what comes next: at once where it is known; null where nothing is left, undefined where nobody answers. */
  take: () => string | Promise<string | null | undefined>;
}

/**
 * What comes after the incident that is shown. The server hands it out and locks it while the present one is still looked
 * at: it is there at once, and of two reviewers none gets what the other has.
 */
export function useNext(filter: QueueFilter, selected: string | undefined, isReviewer: boolean): Next {
  const client = useQueryClient();
  const options = nextQuery(filter, selected);
  const isIdle = selected === undefined;
  const { data, refetch } = useQuery({
    ...options,
    enabled: isReviewer,
    refetchInterval: ({ state }) => (isIdle && !state.data?.item ? ASK_AGAIN_MS : false),
  });
  const ahead = data?.item?.incident.id;

  const shown = useRef(selected);
  useLayoutEffect(() => {
    shown.current = selected;
  }, [selected]);
  useEffect(() => {
    if (ahead === undefined) return;
    const renew = setInterval(() => {
      if (!isSomebodyHere()) return;
      takeLock(ahead).catch((error: unknown) => {
        if (isProblem(error, 409) || isProblem(error, 404)) void refetch();
      });
    }, RENEW_MS);
    return () => {
      clearInterval(renew);
      // What is shown now goes on being held; a lock that cannot be given back ends by itself.
      if (shown.current !== ahead) void giveLockBack(ahead).catch(() => undefined);
    };
  }, [ahead, refetch]);

  useChanges(['incident.'], (change) => {
    const isOurs = change === 'reload' || change.subject === ahead;
    const isFresh = change !== 'reload' && change.topic !== 'incident.locked' && isIdle && ahead === undefined;
    const isGone = isOurs && (change === 'reload' || change.topic === 'incident.reviewed');
    if (isReviewer && (isGone || isFresh)) void refetch();
  });
  useEffect(() => {
    if (!isIdle || !isReviewer) return;
    const stop = decisions.listen(() => void refetch());
    return () => void stop();
  }, [isIdle, isReviewer, refetch]);

  const take = useCallback(() => {
    if (ahead !== undefined) return ahead;
    const asked = client.fetchQuery({ ...options, staleTime: 0, retry: false }).then(
      ({ item }) => item?.incident.id ?? null,
      () => undefined,
    );
    const late = new Promise<undefined>((done) => setTimeout(() => done(undefined), PATIENCE_MS));
    return Promise.race([asked, late]);
  }, [ahead, client, options]);
  return { data, take };
}
