// Verdicts on their way. A verdict is shown as given at once and sent behind; an incident takes one verdict at a time,
// however often a key is pressed; what cannot be sent is tried again, and what is refused comes back.
import { isLimited, limitedMs } from '@/api/limited';
import { isProblem } from '@/api/problem';
import type { DecidedOut, Given, IncidentDetailOut, IncidentOut, QueueItemOut } from './types';

/** How the server is asked; the real one is `decisionCalls`. */
export interface DecisionCalls {
  decide(incident: string, given: Given): Promise<DecidedOut>;
  undo(incident: string): Promise<unknown>;
  /** The incident as it stands, to learn what became of a verdict whose answer never came. */
  show(incident: string): Promise<Pick<IncidentDetailOut, 'incident' | 'decided_by'>>;
  /** Name by which the server calls the caller. */
  self(): string;
  wait(ms: number): Promise<void>;
}

export type DecisionState = 'sending' | 'sent' | 'undoing';

export interface Decision {
  row: QueueItemOut;
  given: Given;
  state: DecisionState;
  /** By the server's clock; null while unknown and where it cannot be undone. */
  undoUntil: string | null;
  /** Whether an earlier try had no answer. */
  isRetried: boolean;
}

/** What the desk is told. */
export type DecisionNews =
  | { kind: 'sent' | 'undone'; decision: Decision }
  | { kind: 'failed' | 'undo_failed'; decision: Decision; error: unknown }
  /** A colleague was quicker. */
  | { kind: 'taken'; decision: Decision; by: string | null };

/** Waits between tries, then gives up and says so. */
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000];

/** Nothing is wrong with the verdict: it goes out again. */
const isNoAnswer = (error: unknown) =>
  isLimited(error) || (isProblem(error) && [0, 502, 503, 504].includes(error.status));

export class Decisions {
  #all = new Map<string, Decision>();
  #sendings = new Map<string, Promise<void>>();
  #watchers = new Set<() => void>();
  #listeners = new Set<(news: DecisionNews) => void>();
  #calls: DecisionCalls;

  constructor(calls: DecisionCalls) {
    this.#calls = calls;
  }

  /** All verdicts of this page, oldest first. A new map after each change. */
  all = (): ReadonlyMap<string, Decision> => this.#all;

  watch = (watcher: () => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  listen = (listener: (news: DecisionNews) => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Gives a verdict; false, and nothing happens, where one is given already. */
  decide(row: QueueItemOut, given: Given): boolean {
    const id = row.incident.id;
    if (this.#all.has(id)) return false;
    this.#put({ row, given, state: 'sending', undoUntil: null, isRetried: false });
    this.#sendings.set(id, this.#send(id));
    return true;
  }

  /** Takes over what a bulk verdict has sent. */
  adopt(decision: Decision) {
    this.#put(decision);
  }

  /** The latest verdict that can still be undone at `nowMs`. */
  undoable(nowMs: number): Decision | undefined {
    return [...this.#all.values()].findLast((one) => isUndoable(one, nowMs));
  }

  /** Takes a verdict back; waits for one that is still on its way. */
  async undo(id: string) {
    await this.#sendings.get(id);
    const decision = this.#all.get(id);
    if (!decision || decision.state !== 'sent') return;
    this.#put({ ...decision, state: 'undoing' });
    try {
      await this.#calls.undo(id);
      this.#drop(id);
      this.#tell({ kind: 'undone', decision });
    } catch (error) {
      this.#put(decision);
      this.#tell({ kind: 'undo_failed', decision, error });
    }
  }

  /** It is said to wait again. That may be old news, from before a later verdict: the server is asked. */
  async forget(id: string) {
    const decision = this.#all.get(id);
    if (decision?.state !== 'sent') return;
    try {
      const { incident } = await this.#calls.show(id);
      if (incident.review.state === 'waiting' && this.#all.get(id) === decision) this.#drop(id);
    } catch {
      // What cannot be asked now is learnt with the next news of it.
    }
  }

  async #send(id: string) {
    const given = this.#all.get(id)?.given;
    if (!given) return;
    for (let tries = 0; ; tries++) {
      try {
        const decided = await this.#calls.decide(id, given);
        return this.#settle(id, decided.undo_until);
      } catch (error) {
        const pause = RETRY_MS[tries];
        if (isNoAnswer(error) && pause !== undefined) {
          this.#change(id, { isRetried: true });
          await this.#calls.wait(Math.max(pause, limitedMs(error)));
        } else if (isProblem(error, 409)) {
          return await this.#learn(id, given, error);
        } else {
          return this.#fail(id, error);
        }
      }
    }
  }

  /** It is decided already: by us, if the answer to an earlier try got lost, or by a colleague. */
  async #learn(id: string, given: Given, refusal: unknown) {
    const before = this.#all.get(id);
    if (!before) return;
    try {
      const { incident, decided_by } = await this.#calls.show(id);
      const { review } = incident;
      if (review.state === 'waiting') return this.#fail(id, refusal);
      if (before.isRetried && review.by === this.#calls.self() && isSaid(given, review)) return this.#settle(id, null);
      this.#change(id, { state: 'sent' });
      this.#tell({ kind: 'taken', decision: before, by: decided_by ?? review.by_name });
    } catch {
      this.#fail(id, refusal);
    }
  }

  #settle(id: string, undoUntil: string | null) {
    const decision = this.#change(id, { state: 'sent', undoUntil });
    if (decision) this.#tell({ kind: 'sent', decision });
  }

  #fail(id: string, error: unknown) {
    const decision = this.#all.get(id);
    this.#drop(id);
    if (decision) this.#tell({ kind: 'failed', decision, error });
  }

  #change(id: string, change: Partial<Decision>): Decision | undefined {
    const before = this.#all.get(id);
    if (!before) return undefined;
    const after = { ...before, ...change };
    this.#put(after);
    return after;
  }

  #put(decision: Decision) {
    this.#all = new Map(this.#all).set(decision.row.incident.id, decision);
    for (const watcher of this.#watchers) watcher();
  }

  #drop(id: string) {
    this.#all = new Map(this.#all);
    this.#all.delete(id);
    this.#sendings.delete(id);
    for (const watcher of this.#watchers) watcher();
  }

  #tell(news: DecisionNews) {
    for (const listener of this.#listeners) listener(news);
  }
}

export function isUndoable({ state, undoUntil }: Decision, nowMs: number): boolean {
  return state === 'sending' || (state === 'sent' && undoUntil !== null && Date.parse(undoUntil) > nowMs);
}

/** Whether what stands at the incident is what was said. */
function isSaid(given: Given, review: IncidentOut['review']): boolean {
  if (given.verdict === 'rejected') return review.state === 'rejected' && review.reason === given.reason;
  return review.state === given.verdict;
}
