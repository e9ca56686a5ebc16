// What all plots have in common.

export const AXIS = {
  stroke: 'var(--plot-axis)',
  tick: { fill: 'var(--plot-axis)', fontSize: 11 },
  tickLine: false,
} as const;

export const TOOLTIP = {
  isAnimationActive: false,
  contentStyle: {
    background: 'var(--mantine-color-body)',
    border: '1px solid var(--plot-grid)',
    borderRadius: 4,
    color: 'var(--mantine-color-text)',
    fontSize: 12,
    padding: '6px 10px',
    maxWidth: 260,
    whiteSpace: 'normal',
    overflowWrap: 'anywhere',
  },
  itemStyle: { color: 'var(--mantine-color-text)', padding: 0 },
} as const;

/** Columns of an axis; a Chinese letter takes two of them. */
const COLUMNS = 21;

/** A name as an axis can bear it; the table beside holds all of it. */
export function clipped(name: string): string {
  let columns = 0;
  let shown = '';
  for (const letter of name) {
    columns += (letter.codePointAt(0) ?? 0) > 0x2e7f ? 2 : 1;
    if (columns > COLUMNS) return `${shown}…`;
    shown += letter;
  }
  return shown;
}
