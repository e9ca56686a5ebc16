import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import i18next from '@/i18n';
import { calendarQuery } from '../data';
import { NO_HOURS, showHours, type Hours } from './hours';
import { WeekGrid } from './week-grid';

let now: Hours = NO_HOURS;

function Held({ onHours }: { onHours: (hours: Hours) => void }) {
  const [hours, setHours] = useState<Hours>(NO_HOURS);
  const take = (next: Hours) => {
    setHours(next);
    onHours(next);
  };
  return <WeekGrid hours={hours} onChange={take} />;
}

beforeAll(() => i18next.loadNamespaces('operator'));
afterEach(cleanup);
beforeEach(() => {
  now = NO_HOURS;
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  client.setQueryData(calendarQuery.queryKey, { utc_offset: '+08:00', holidays: ['2999-10-01'] });
  render(
    <MantineProvider>
      <QueryClientProvider client={client}>
        <Held onHours={(hours) => (now = hours)} />
      </QueryClientProvider>
    </MantineProvider>,
  );
});

const cell = (row: number, column: number) => {
  const found = document.querySelector<HTMLElement>(`[data-row="${row}"][data-column="${column}"]`);
  if (!found) throw new Error(`no cell ${row} ${column}`);
  return found;
};

describe('the week grid', () => {
  it('is painted with keys, on past midnight, and wiped out again', () => {
    cell(0, 46).focus();
    fireEvent.keyDown(cell(0, 46), { key: ' ' });
    for (let column = 46; column < 50; column += 1)
      fireEvent.keyDown(cell(0, column), { key: 'ArrowRight', shiftKey: true });
    expect(showHours(now).weekly[0]).toEqual([{ from: '23:00', to: '01:30' }]);
    expect(document.activeElement).toBe(cell(0, 50));
    expect(cell(0, 50).getAttribute('aria-selected')).toBe('true');
    fireEvent.keyDown(cell(0, 50), { key: 'Enter' });
    expect(showHours(now).weekly[0]).toEqual([{ from: '23:00', to: '01:00' }]);
  });

  it('keeps one cell in the order of tabs', () => {
    expect(document.querySelectorAll('[data-column][tabindex="0"]')).toHaveLength(1);
  });

  it('is written as text, and says what it cannot read', () => {
    const field = screen.getByLabelText('周二');
    fireEvent.change(field, { target: { value: '８点' } });
    fireEvent.blur(field);
    expect(screen.getByText('写成 06:00-09:30, 18:00-02:00')).toBeTruthy();
    fireEvent.change(field, { target: { value: '6:00-9:30，18:00-24:00' } });
    fireEvent.blur(field);
    expect(showHours(now).weekly[1]).toEqual([
      { from: '06:00', to: '09:30' },
      { from: '18:00', to: '00:00' },
    ]);
  });

  it('has hours of its own for holidays, where somebody wants them', () => {
    expect(showHours(now).on_holidays).toBeNull();
    fireEvent.click(screen.getByRole('switch'));
    expect(showHours(now).on_holidays).toEqual([]);
    expect(screen.getByText(/2999-10-01/)).toBeTruthy();
  });
});
