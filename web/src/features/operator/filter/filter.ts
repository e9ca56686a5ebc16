// Which cameras and views are shown: kept in the address, so that a filtered page can be sent to a colleague.
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import type { Stream, ViewCoverage } from '../data';
import { holds, stateOf, STATES, toneOf, type State } from '../words';

export interface Filter {
  search: string;
  /** A state, or `bad` for everything that needs a person. */
  state: State | 'bad' | null;
  area: string | null;
  matter: string | null;
}

export interface Row {
  stream: Stream;
  view: ViewCoverage;
}

/** Whether a view passes. `state: null` and the like let everything pass. */
export function passes({ stream, view }: Row, { search, state, area, matter }: Filter): boolean {
  if (state === 'bad' ? !needsPerson(view) : state !== null && stateOf(view) !== state) return false;
  if (area !== null && (stream.area ?? '') !== area) return false;
  if (matter !== null && !view.view.matters.includes(matter)) return false;
  const { location } = stream;
  return (
    search.trim() === '' ||
    holds(
      [stream.name, stream.code, view.view.name, location?.address, location?.grid_cell, stream.area, stream.url],
      search,
    )
  );
}

export function needsPerson(view: ViewCoverage): boolean {
  return toneOf(view) === 'bad' || toneOf(view) === 'warn';
}

/** Streams and views as rows, in the order of the views: those that need a person first. */
export function rowsOf(streams: readonly Stream[], views: readonly ViewCoverage[]): Row[] {
  const byId = new Map(streams.map((stream) => [stream.id, stream]));
  return views.flatMap((view) => {
    const stream = byId.get(view.view.stream);
    return stream ? [{ stream, view }] : [];
  });
}

export function readFilter(params: URLSearchParams): Filter {
  const state = params.get('state');
  return {
    search: params.get('q') ?? '',
    state: state === 'bad' ? 'bad' : (STATES.find((known) => known === state) ?? null),
    area: params.get('area'),
    matter: params.get('matter'),
  };
}

export function useFilter(): [Filter, (change: Partial<Filter>) => void] {
  const [params, setParams] = useSearchParams();
  const filter = useMemo(() => readFilter(params), [params]);
  const change = (change: Partial<Filter>) => {
    const { search, state, area, matter } = { ...filter, ...change };
    const next = new URLSearchParams(params);
    for (const [name, value] of Object.entries({ q: search, state, area, matter })) {
      // An empty area is an area: that of the cameras which have none.
      if (value === null || (name === 'q' && value === '')) next.delete(name);
      else next.set(name, value);
    }
    setParams(next, { replace: true });
  };
  return [filter, change];
}
