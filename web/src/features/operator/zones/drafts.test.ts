import { describe, expect, it } from 'vitest';
import {
  draftFaults,
  draftOf,
  draw,
  isChanged,
  isMask,
  nameFault,
  NOTHING_DRAWN,
  zoneIn,
  type Draft,
  type DrawingAction,
  type Zone,
} from './drafts';

const zone: Zone = {
  id: 'z1',
  view: 'v1',
  version: 3,
  name: '禁停区',
  kind: 'strict',
  matters: ['motor_vehicle_parking'],
  polygon: [
    [0.10000000149011612, 0.1],
    [0.9, 0.1],
    [0.9, 0.8999999761581421],
  ],
  hours: null,
};
const run = (...actions: DrawingAction[]) => actions.reduce(draw, NOTHING_DRAWN);
const draft = draftOf(zone);

describe('a draft', () => {
  it('is its zone until somebody changes it, single precision or not', () => {
    expect(isChanged(draft, [zone])).toBe(false);
    expect(isChanged({ ...draft, name: '禁停' }, [zone])).toBe(true);
    expect(isChanged({ ...draft, id: null, key: 'new' }, [zone])).toBe(true);
    expect(zoneIn(draft, 'v1').polygon).toEqual([
      [0.1, 0.1],
      [0.9, 0.1],
      [0.9, 0.9],
    ]);
  });

  it.each<[string, Partial<Draft>, string[]]>([
    ['as it is', {}, []],
    ['without a name', { name: '  ' }, ['name empty']],
    ['with 201 characters, each of two units', { name: '𠮷'.repeat(201) }, ['name long']],
    ['with 200 of them', { name: '𠮷'.repeat(200) }, []],
    ['with a mark that turns the direction', { name: '东\u202e门' }, ['name unprintable']],
    ['with markup, which is only text', { name: '<img src=x onerror=alert(1)>' }, []],
    ['about nothing', { matters: [] }, ['matters none']],
    ['that permits without hours', { kind: 'permitted' }, ['hours none']],
    ['that controls always', { kind: 'controlled' }, []],
    [
      'that ends before it begins',
      { validFrom: '2026-02-01T00:00:00Z', validUntil: '2026-01-01T00:00:00Z' },
      ['validity order'],
    ],
    ['of two corners', { outline: draft.outline.slice(0, 2) }, ['outline too_few']],
  ])('%s', (_, patch, faults) => {
    expect(draftFaults({ ...draft, ...patch }).map(({ field, kind }) => `${field} ${kind}`)).toEqual(faults);
  });

  it('is a mask when it exempts every matter', () => {
    const all = ['motor_vehicle_parking', 'stall'];
    expect(isMask({ kind: 'exempt', matters: all }, all)).toBe(true);
    expect(isMask({ kind: 'exempt', matters: ['stall'] }, all)).toBe(false);
    expect(isMask({ kind: 'strict', matters: all }, all)).toBe(false);
    expect(isMask({ kind: 'exempt', matters: [] }, [])).toBe(false);
  });

  it('sends no hours with a kind that holds at any time', () => {
    const hours = { weekly: Array.from({ length: 7 }, () => [{ from: 0, to: 60 }]), onHolidays: null };
    expect(zoneIn({ ...draft, hours }, 'v1').hours).toBeNull();
    expect(zoneIn({ ...draft, kind: 'controlled', hours }, 'v1').hours?.weekly[0]).toEqual([
      { from: '00:00', to: '01:00' },
    ]);
  });

  it('judges names as the server does', () => {
    expect([nameFault('东门'), nameFault(''), nameFault('a\nb')]).toEqual([null, 'empty', 'unprintable']);
    expect(nameFault('x'.repeat(10_000))).toBe('long');
  });
});

describe('drawing', () => {
  it('undoes and redoes, a drag as one step', () => {
    const dragged = run(
      { type: 'load', zones: [zone] },
      { type: 'select', key: 'z1' },
      { type: 'change', key: 'z1', patch: { name: '一' } },
      { type: 'change', key: 'z1', patch: { name: '二' }, continues: true },
      { type: 'change', key: 'z1', patch: { name: '三' }, continues: true },
    );
    const undone = draw(dragged, { type: 'undo' });
    expect([undone.drafts[0]?.name, undone.selected, undone.past.length]).toEqual(['禁停区', 'z1', 0]);
    expect(draw(undone, { type: 'redo' }).drafts[0]?.name).toBe('三');
    expect(draw(undone, { type: 'undo' })).toBe(undone);
  });

  it('brings a removed zone back, and lets go of what is gone', () => {
    const removed = run({ type: 'load', zones: [zone] }, { type: 'select', key: 'z1' }, { type: 'remove', key: 'z1' });
    expect([removed.drafts.length, removed.selected]).toEqual([0, null]);
    expect(draw(removed, { type: 'undo' }).drafts).toEqual([draft]);
  });

  it('forgets its past when a zone was saved, and knows the new version', () => {
    const added = run(
      { type: 'load', zones: [] },
      { type: 'add', draft: { ...draft, id: null, key: 'new', version: null } },
    );
    const saved = draw(added, { type: 'saved', key: 'new', zone });
    expect(saved.drafts[0]).toEqual({ ...draft, key: 'new' });
    expect([saved.selected, saved.past.length, isChanged(saved.drafts[0]!, [zone])]).toEqual(['new', 0, false]);
  });
});
