import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '@/api/problem';
import { Decisions, type DecisionCalls, type DecisionNews } from './decisions';
import { row } from './sample';
import type { DecidedOut, Given, IncidentOut } from './types';

const confirmed: Given = { verdict: 'confirmed' };
const UNDO_UNTIL = '2026-11-26T08:00:10Z';
const BEFORE_MS = Date.parse(UNDO_UNTIL) - 1;

/** A scripted server: one incident, what it answers to each try, and how often it was asked. */
class Server implements DecisionCalls {
  answers: (number | 'lost')[] = [];
  asked = 0;
  undone = 0;
  incident: IncidentOut = row('a').incident;

  decide(_id: string, given: Given): Promise<DecidedOut> {
    this.asked += 1;
    const answer = this.answers.shift() ?? 200;
    if (answer === 'lost') {
      this.#record(given, 'li');
      return Promise.reject(Problem.unreachable());
    }
    if (answer === 429) return Promise.reject(new Problem({ status: 429, type: 'urn:xunjie:problem:limited' }, 7));
    if (answer !== 200) return Promise.reject(new Problem({ status: answer }));
    if (this.incident.review.state !== 'waiting') return Promise.reject(new Problem({ status: 409 }));
    this.#record(given, 'li');
    return Promise.resolve({ incident: this.incident, undo_until: UNDO_UNTIL });
  }
  undo(): Promise<void> {
    this.undone += 1;
    this.incident = row('a').incident;
    return Promise.resolve();
  }
  show = () => Promise.resolve({ incident: this.incident });
  self = () => 'li';
  waited: number[] = [];
  wait = (ms: number) => {
    this.waited.push(ms);
    return Promise.resolve();
  };

  #record(given: Given, by: string) {
    if (given.verdict === 'confirmed')
      this.incident = { ...this.incident, review: { state: 'confirmed', by, by_name: by, at: UNDO_UNTIL } };
  }
}

let server: Server;
let decisions: Decisions;
let news: DecisionNews[];

beforeEach(() => {
  server = new Server();
  decisions = new Decisions(server);
  news = [];
  decisions.listen((one) => news.push(one));
});

const settled = () => vi.waitFor(() => expect(news.length).toBeGreaterThan(0));
const kinds = () => news.map((one) => one.kind);

describe('a verdict', () => {
  it('is sent once, however often it is given', async () => {
    expect(decisions.decide(row('a'), confirmed)).toBe(true);
    expect(decisions.decide(row('a'), confirmed)).toBe(false);
    await settled();
    expect(decisions.decide(row('a'), { verdict: 'rejected', reason: 'other' })).toBe(false);
    expect(server.asked).toBe(1);
    expect(kinds()).toEqual(['sent']);
  });

  it('goes out again while there is no answer', async () => {
    server.answers = [0, 503, 504];
    decisions.decide(row('a'), confirmed);
    await settled();
    expect(server.asked).toBe(4);
    expect(kinds()).toEqual(['sent']);
  });

  it('goes out again when the server takes calls again, after as long as it said', async () => {
    server.answers = [429];
    decisions.decide(row('a'), confirmed);
    await settled();
    expect(kinds()).toEqual(['sent']);
    expect(server.waited).toEqual([7_000]);
  });

  it('counts as sent where only its answer was lost', async () => {
    server.answers = ['lost'];
    decisions.decide(row('a'), confirmed);
    await settled();
    expect(kinds()).toEqual(['sent']);
    expect(server.asked).toBe(2);
  });

  it('is the colleague’s where the colleague was quicker', async () => {
    server.incident = {
      ...server.incident,
      review: { state: 'confirmed', by: 'wang', by_name: '王敏', at: UNDO_UNTIL },
    };
    decisions.decide(row('a'), confirmed);
    await settled();
    expect(news[0]).toMatchObject({ kind: 'taken', by: '王敏' });
    expect(decisions.all().has('a')).toBe(true);
  });

  it('comes back where it is refused, and can be given again', async () => {
    server.answers = [422];
    decisions.decide(row('a'), confirmed);
    await settled();
    expect(kinds()).toEqual(['failed']);
    expect(decisions.decide(row('a'), confirmed)).toBe(true);
  });

  it('comes back after the last try', async () => {
    server.answers = Array.from({ length: 20 }, () => 0);
    decisions.decide(row('a'), confirmed);
    await settled();
    expect(kinds()).toEqual(['failed']);
    expect(server.asked).toBeLessThan(20);
  });
});

describe('undo', () => {
  it('waits for the verdict that is on its way', async () => {
    decisions.decide(row('a'), confirmed);
    await decisions.undo('a');
    expect(kinds()).toEqual(['sent', 'undone']);
    expect(server.undone).toBe(1);
    expect(decisions.all().size).toBe(0);
  });

  it('takes the latest first and none after its time', async () => {
    decisions.decide(row('a'), confirmed);
    await settled();
    expect(decisions.undoable(BEFORE_MS)?.row.incident.id).toBe('a');
    expect(decisions.undoable(BEFORE_MS + 1)).toBeUndefined();
  });

  it('leaves the verdict standing where it comes too late', async () => {
    server.undo = () => Promise.reject(new Problem({ status: 409 }));
    decisions.decide(row('a'), confirmed);
    await decisions.undo('a');
    expect(kinds()).toEqual(['sent', 'undo_failed']);
    expect(decisions.all().get('a')?.state).toBe('sent');
  });
});

describe('news that an incident waits again', () => {
  it('drops the verdict only where the server says so', async () => {
    decisions.decide(row('a'), confirmed);
    await settled();
    await decisions.forget('a');
    expect(decisions.undoable(BEFORE_MS)).toBeDefined();
    server.incident = row('a').incident;
    await decisions.forget('a');
    expect(decisions.all().size).toBe(0);
  });
});
