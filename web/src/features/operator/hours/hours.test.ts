import { describe, expect, it } from 'vitest';

import {
  covers,
  DAY,
  NO_HOURS,
  paint,
  paintRow,
  readDayText,
  readHours,
  showDayText,
  showHours,
  type Hours,
} from './hours';

const night = [{ from: '18:00', to: '02:00' }];
const market = { weekly: [night, [], [], [], night, night, night], on_holidays: night };

describe('hours', () => {
  it('come back as they were, over midnight and on holidays too', () => {
    expect(showHours(readHours(market))).toEqual(market);
    expect(showHours(readHours({ weekly: market.weekly }))).toEqual({ ...market, on_holidays: null });
    expect(readHours(market).weekly[0]).toEqual([{ from: 18 * 60, to: 26 * 60 }]);
  });

  it('know the whole day by equal ends, whatever they are', () => {
    for (const time of ['00:00', '06:30']) {
      const hours = readHours({ weekly: [[{ from: time, to: time }], [], [], [], [], [], []] });
      expect(showHours(hours).weekly[0]).toEqual([{ from: '00:00', to: '00:00' }]);
    }
  });

  it('write what is longer than a day as spans that mean the same', () => {
    const [day] = showHours({ ...NO_HOURS, weekly: [[{ from: 0, to: DAY + 60 }], [], [], [], [], [], []] }).weekly;
    expect(day).toEqual([
      { from: '00:00', to: '12:00' },
      { from: '12:00', to: '01:00' },
    ]);
    const again = readHours({ weekly: [day!, [], [], [], [], [], []] });
    expect(again.weekly[0]).toEqual([{ from: 0, to: DAY + 60 }]);
  });

  it('are painted and wiped out', () => {
    const day = paint([{ from: 60, to: 120 }], { from: 120, to: 180 }, true);
    expect(day).toEqual([{ from: 60, to: 180 }]);
    expect(paint(day, { from: 90, to: 120 }, false)).toEqual([
      { from: 60, to: 90 },
      { from: 120, to: 180 },
    ]);
    expect(covers(day, 179) && !covers(day, 180)).toBe(true);
  });

  it("give what begins after midnight to the next day, Sunday's to Monday", () => {
    const sunday: Hours = { ...NO_HOURS, weekly: [[], [], [], [], [], [], [{ from: 18 * 60, to: 26 * 60 }]] };
    const cut = paintRow(sunday, 6, { from: 23 * 60, to: 25 * 60 }, false);
    expect(cut.weekly[6]).toEqual([{ from: 18 * 60, to: 23 * 60 }]);
    expect(cut.weekly[0]).toEqual([{ from: 60, to: 120 }]);
    const holiday = paintRow(NO_HOURS, 'holidays', { from: 25 * 60, to: 26 * 60 }, true);
    expect(holiday.onHolidays).toEqual([]);
  });

  it.each([
    ['18:00-02:00', '18:00-02:00'],
    ['１８：００－２：００', '18:00-02:00'],
    ['6:00至9:30，16:00~19:00', '06:00-09:30, 16:00-19:00'],
    ['18:00 - 24:00', '18:00-00:00'],
    ['全天', '00:00-00:00'],
    ['8:00-12:00, 11:00-13:00', '08:00-13:00'],
    ['', ''],
  ])('read %s as people write it', (text, shown) => {
    const day = readDayText(text);
    expect(day && showDayText(day)).toBe(shown);
  });

  it.each(['8-12', '25:00-26:00', '08:60-09:00', '24:00-02:00', '<b>08:00-09:00</b>', '08:00-09:00-10:00'])(
    'do not read %s',
    (text) => {
      expect(readDayText(text)).toBeNull();
    },
  );
});
