// The week as a grid that is painted by mouse or by keys, and as text beside each day. A row runs past midnight into
// the next morning, because what begins in the evening belongs to the evening's day.
import { Button, Group, Menu, Switch, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { calendarQuery } from '../data';
import { clock, covers, DAY, paintRow, readDayText, showDayText, type Day, type Hours } from './hours';
import classes from './week-grid.module.css';

interface Props {
  hours: Hours;
  onChange: (hours: Hours) => void;
}

type RowName = number | 'holidays';

const CELL = 30;
/** Columns: a day and the six hours after it. */
const COLUMNS = (DAY + 6 * 60) / CELL;
const ROWS: readonly RowName[] = [0, 1, 2, 3, 4, 5, 6, 'holidays'];
const HOLIDAYS_SHOWN = 5;

export function WeekGrid({ hours, onChange }: Props) {
  const { t } = useTranslation('operator');
  const calendar = useQuery(calendarQuery);
  const [focus, setFocus] = useState({ row: 0, column: 16 });
  const [painting, setPainting] = useState<{ row: number; column: number; wanted: boolean; before: Hours } | null>(
    null,
  );
  const grid = useRef<HTMLTableElement>(null);

  const dayOf = (name: RowName): Day => (name === 'holidays' ? (hours.onHolidays ?? []) : (hours.weekly[name] ?? []));
  const isOn = (row: number, column: number) => covers(dayOf(ROWS[row] ?? 0), column * CELL);
  const rows = hours.onHolidays === null ? ROWS.slice(0, 7) : ROWS;

  /** Paints the rectangle between two cells over what stood there before the stroke began. */
  const stroke = (
    from: { row: number; column: number },
    to: { row: number; column: number },
    wanted: boolean,
    on: Hours,
  ) => {
    const stretch = {
      from: Math.min(from.column, to.column) * CELL,
      to: (Math.max(from.column, to.column) + 1) * CELL,
    };
    const painted = rows
      .slice(Math.min(from.row, to.row), Math.max(from.row, to.row) + 1)
      .reduce((hours, name) => paintRow(hours, name, stretch, wanted), on);
    onChange(painted);
  };

  const cellAt = (event: PointerEvent) => {
    // Over a touch screen the pointer is captured by the first cell: ask what lies beneath it.
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-column]');
    if (!cell) return null;
    return { row: Number(cell.dataset.row), column: Number(cell.dataset.column) };
  };

  const moveFocus = (row: number, column: number) => {
    const to = { row: within(row, 0, rows.length - 1), column: within(column, 0, COLUMNS - 1) };
    setFocus(to);
    grid.current?.querySelector<HTMLElement>(`[data-row="${to.row}"][data-column="${to.column}"]`)?.focus();
    return to;
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, readonly [number, number]> = {
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      Home: [0, -COLUMNS],
      End: [0, COLUMNS],
    };
    const at = (event.target as HTMLElement).closest<HTMLElement>('[data-column]');
    if (!at) return;
    const here = { row: Number(at.dataset.row), column: Number(at.dataset.column) };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      const to = moveFocus(here.row + move[0], here.column + move[1]);
      // With shift the stroke goes on: the next cell becomes as this one is.
      if (event.shiftKey) stroke(to, to, isOn(here.row, here.column), hours);
    } else if (event.key === ' ' || event.key === 'Enter') {
      event.preventDefault();
      stroke(here, here, !isOn(here.row, here.column), hours);
    }
  };

  const copyTo = (days: readonly number[]) => {
    const from = dayOf(focus.row < 7 ? focus.row : 0);
    onChange({ ...hours, weekly: hours.weekly.map((day, i) => (days.includes(i) ? from : day)) });
  };
  const dayName = (name: RowName) => t(`hours.day.${name}`);
  const ahead = (calendar.data?.holidays ?? []).filter((day) => day >= new Date().toISOString().slice(0, 10));

  return (
    <div>
      <div className={classes.scroll}>
        {/* A grid of cells that are chosen is what this table is. */}
        <table
          ref={grid}
          className={classes.grid}
          // eslint-disable-next-line jsx-a11y/no-noninteractive-element-to-interactive-role
          role="grid"
          aria-label={t('hours.grid')}
          onKeyDown={onKeyDown}
          onPointerMove={(event) => {
            if (!painting) return;
            const to = cellAt(event);
            if (to) stroke(painting, to, painting.wanted, painting.before);
          }}
          onPointerUp={() => setPainting(null)}
          onPointerLeave={() => setPainting(null)}
        >
          <thead aria-hidden>
            <tr>
              <td />
              {Array.from({ length: 12 }, (_, i) => (
                <th key={i} colSpan={4} className={classes.hour}>
                  {i * 2}
                </th>
              ))}
              <th colSpan={COLUMNS - 48} className={classes.hour}>
                {t('hours.next_day')}
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((name, row) => (
              <tr key={name}>
                <th scope="row" className={classes.day}>
                  {dayName(name)}
                </th>
                {Array.from({ length: COLUMNS }, (_, column) => {
                  const on = covers(dayOf(name), column * CELL);
                  return (
                    <td
                      key={column}
                      role="gridcell"
                      data-row={row}
                      data-column={column}
                      data-on={on || undefined}
                      data-late={column * CELL >= DAY || undefined}
                      className={classes.cell}
                      tabIndex={row === focus.row && column === focus.column ? 0 : -1}
                      aria-selected={on}
                      aria-label={t('hours.cell', {
                        day: dayName(name),
                        from: clock(column * CELL),
                        to: clock((column + 1) * CELL),
                        next: column * CELL >= DAY ? t('hours.next') : '',
                      })}
                      onPointerDown={(event) => {
                        if (event.button !== 0) return;
                        event.currentTarget.releasePointerCapture(event.pointerId);
                        setFocus({ row, column });
                        setPainting({ row, column, wanted: !on, before: hours });
                        stroke({ row, column }, { row, column }, !on, hours);
                      }}
                      onFocus={() => setFocus({ row, column })}
                    />
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Group gap="xs" mt={6} justify="space-between">
        <Switch
          size="xs"
          label={t('hours.holidays_differ')}
          checked={hours.onHolidays !== null}
          onChange={(event) => onChange({ ...hours, onHolidays: event.currentTarget.checked ? [] : null })}
        />
        <Menu>
          <Menu.Target>
            <Button size="compact-xs" variant="default">
              {t('hours.copy', { day: dayName(focus.row < 7 ? focus.row : 0) })}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => copyTo([0, 1, 2, 3, 4])}>{t('hours.to_workdays')}</Menu.Item>
            <Menu.Item onClick={() => copyTo([5, 6])}>{t('hours.to_weekend')}</Menu.Item>
            <Menu.Item onClick={() => copyTo([0, 1, 2, 3, 4, 5, 6])}>{t('hours.to_all')}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      {hours.onHolidays !== null && (
        <Text size="xs" c="dimmed" mt={4}>
          {ahead.length > 0
            ? t('hours.holidays_ahead', { days: ahead.slice(0, HOLIDAYS_SHOWN).join('、'), count: ahead.length })
            : t('hours.no_holidays')}
        </Text>
      )}
      <div className={classes.texts}>
        {rows.map((name) => (
          <DayText
            // What was painted replaces what was typed.
            key={`${name} ${showDayText(dayOf(name))}`}
            label={dayName(name)}
            day={dayOf(name)}
            onDay={(day) =>
              onChange(
                name === 'holidays'
                  ? { ...hours, onHolidays: day }
                  : { ...hours, weekly: hours.weekly.map((each, i) => (i === name ? day : each)) },
              )
            }
          />
        ))}
      </div>
    </div>
  );
}

/** One day as text; taken when the field is left or Enter is pressed, and refused in words where it cannot be read. */
function DayText({ label, day, onDay }: { label: string; day: Day; onDay: (day: Day) => void }) {
  const { t } = useTranslation('operator');
  const [text, setText] = useState(showDayText(day));
  const [isWrong, setIsWrong] = useState(false);
  const take = () => {
    const read = readDayText(text);
    setIsWrong(read === null);
    if (read && showDayText(read) !== showDayText(day)) onDay(read);
  };
  return (
    <TextInput
      size="xs"
      label={label}
      classNames={{ root: classes.text }}
      value={text}
      maxLength={400}
      placeholder={t('hours.none')}
      error={isWrong && t('hours.unreadable')}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key !== 'Enter') return;
        event.preventDefault();
        take();
      }}
    />
  );
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
