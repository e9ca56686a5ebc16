/**
 * Weekly hours with holidays, as spans of local time. A span belongs to the day on which it began; one that runs over
 * midnight ends on the next. Between the form of the API (`HH:MM` pairs) and the grid lies one form: minutes since that
 * day's midnight, `from < to`, `to` up to the next day's end. Pure.
 */

export interface SpanText {
  from: string;
  to: string;
}

/** As the API has them: seven lists, Monday first; `on_holidays: null` leaves holidays as they are. */
export interface HoursText {
  readonly weekly: readonly (readonly SpanText[])[];
  readonly on_holidays?: readonly SpanText[] | null;
}

/** Minutes since a day's midnight. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export type Day = readonly Stretch[];

export interface Hours {
  /** Monday first. */
  readonly weekly: readonly Day[];
  readonly onHolidays: Day | null;
}

export const DAY = 24 * 60;
export const NO_HOURS: Hours = { weekly: Array.from({ length: 7 }, () => []), onHolidays: null };

export function readHours(text: HoursText): Hours {
  return {
    weekly: Array.from({ length: 7 }, (_, day) => readSpans(text.weekly[day] ?? [])),
    onHolidays: text.on_holidays ? readSpans(text.on_holidays) : null,
  };
}

export function showHours(hours: Hours): { weekly: SpanText[][]; on_holidays: SpanText[] | null } {
  return {
    weekly: hours.weekly.map(showDay),
    on_holidays: hours.onHolidays && showDay(hours.onHolidays),
  };
}

export function isEmpty(hours: Hours): boolean {
  return hours.weekly.every((day) => day.length === 0) && (hours.onHolidays ?? []).length === 0;
}

/** Paints a stretch into a day, or wipes it out. */
export function paint(day: Day, stretch: Stretch, wanted: boolean): Day {
  const rest = day.flatMap(({ from, to }) => [
    { from, to: Math.min(to, stretch.from) },
    { from: Math.max(from, stretch.to), to },
  ]);
  return joined((wanted ? [...day, stretch] : rest).filter(({ from, to }) => from < to));
}

/**
 * Paints into one row of the week. What would begin only after midnight belongs to the next day, so it moves there; a
 * holiday has no next day that is known, so there it falls away.
 */
export function paintRow(hours: Hours, row: number | 'holidays', stretch: Stretch, wanted: boolean): Hours {
  if (row === 'holidays') {
    const onHolidays = paint(hours.onHolidays ?? [], stretch, wanted).filter(({ from }) => from < DAY);
    return { ...hours, onHolidays };
  }
  const painted = paint(hours.weekly[row] ?? [], stretch, wanted);
  const late = painted.filter(({ from }) => from >= DAY).map(({ from, to }) => ({ from: from - DAY, to: to - DAY }));
  const weekly = hours.weekly.map((day, i) => {
    if (i === row) return painted.filter(({ from }) => from < DAY);
    return i === (row + 1) % 7 && late.length > 0 ? joined([...day, ...late]) : day;
  });
  return { ...hours, weekly };
}

export function covers(day: Day, minute: number): boolean {
  return day.some(({ from, to }) => from <= minute && minute < to);
}

/** `18:00-02:00, 06:00-09:30`, as people write it: also full-width signs, `24:00`, and 全天. `null`: cannot be read. */
export function readDayText(text: string): Day | null {
  const parts = text
    .normalize('NFKC')
    .split(/[,;、。\n]+/u)
    .map((part) => part.replaceAll(/\s/gu, ''))
    .filter((part) => part !== '');
  const spans: Stretch[] = [];
  for (const part of parts) {
    if (part === '全天' || part.toLowerCase() === 'allday') {
      spans.push({ from: 0, to: DAY });
      continue;
    }
    const match = /^(\d{1,2}):(\d{2})[-~–—至到](?:次日)?(\d{1,2}):(\d{2})$/u.exec(part);
    const [fromHour, fromMinute, toHour, toMinute] = match?.slice(1).map(Number) ?? [];
    if (fromHour === undefined || fromMinute === undefined || toHour === undefined || toMinute === undefined)
      return null;
    const [from, to] = [fromHour * 60 + fromMinute, toHour * 60 + toMinute];
    if (fromMinute > 59 || toMinute > 59 || from >= DAY || to > DAY) return null;
    spans.push(span(from, to));
  }
  return joined(spans);
}

export function showDayText(day: Day): string {
  return showDay(day)
    .map(({ from, to }) => `${from}-${to}`)
    .join(', ');
}

function readSpans(spans: readonly SpanText[]): Day {
  return joined(spans.map(({ from, to }) => span(minutes(from), minutes(to))));
}

/** `from == to` is the whole day, whatever the time. */
function span(from: number, to: number): Stretch {
  if (from === to) return { from: 0, to: DAY };
  return from < to ? { from, to } : { from, to: to + DAY };
}

function showDay(day: Day): SpanText[] {
  return joined(day)
    .flatMap(halved)
    .map(({ from, to }) => ({ from: clock(from), to: clock(to) }));
}

/** A day or more on end cannot be one span, except for the whole day itself. */
function halved(stretch: Stretch): readonly Stretch[] {
  const { from, to } = stretch;
  if (to - from < DAY || (from === 0 && to === DAY)) return [stretch];
  const middle = Math.floor((from + Math.min(to, DAY)) / 2);
  return [{ from, to: middle }, ...halved({ from: middle, to })];
}

function joined(day: Day): Day {
  const sorted = [...day].sort((a, b) => a.from - b.from || a.to - b.to);
  const out: Stretch[] = [];
  for (const next of sorted) {
    const last = out.at(-1);
    if (last && next.from <= last.to) out[out.length - 1] = { from: last.from, to: Math.max(last.to, next.to) };
    else out.push(next);
  }
  return out;
}

function minutes(text: string): number {
  const [hour, minute] = text.split(':').map(Number);
  return (hour ?? 0) * 60 + (minute ?? 0);
}

export function clock(minute: number): string {
  const of = ((minute % DAY) + DAY) % DAY;
  return `${String(Math.floor(of / 60)).padStart(2, '0')}:${String(of % 60).padStart(2, '0')}`;
}
