import { Bar, BarChart, CartesianGrid, Legend, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts';
import { AXIS, clipped, TOOLTIP } from './axes';

export interface Part {
  key: string;
  name: string;
  colour: string;
}

interface Props {
  rows: Record<string, string | number>[];
  parts: Part[];
  /** Time runs from left to right; everything else from top to bottom, so that names can be read. */
  upright: boolean;
  /** Of the axis of the counts. */
  unit?: string;
}

/** Counts that make up a whole, one bar a row. */
export function Stacks({ rows, parts, upright, unit = '' }: Props) {
  const tall = upright ? 240 : Math.max(120, 60 + rows.length * 26);
  return (
    <ResponsiveContainer width="100%" height={tall}>
      <BarChart
        data={rows}
        layout={upright ? 'horizontal' : 'vertical'}
        margin={{ top: 4, right: 12, bottom: 0, left: 0 }}
        barCategoryGap="22%"
      >
        <CartesianGrid stroke="var(--plot-grid)" vertical={!upright} horizontal={upright} />
        {upright ? (
          <>
            <XAxis dataKey="name" {...AXIS} minTickGap={16} />
            <YAxis allowDecimals={unit !== ''} unit={unit} width={52} {...AXIS} />
          </>
        ) : (
          <>
            <XAxis type="number" allowDecimals={unit !== ''} unit={unit} {...AXIS} />
            <YAxis type="category" dataKey="name" width={132} interval={0} tickFormatter={clipped} {...AXIS} />
          </>
        )}
        <Tooltip {...TOOLTIP} cursor={{ fill: 'var(--plot-grid)', opacity: 0.5 }} />
        {parts.length > 1 && (
          <Legend
            iconType="square"
            iconSize={10}
            itemSorter={null}
            wrapperStyle={{ fontSize: 12 }}
            // The square carries the colour; words in it would be hard to read.
            formatter={(name: string) => <span style={{ color: 'var(--mantine-color-text)' }}>{name}</span>}
          />
        )}
        {parts.map((part) => (
          <Bar
            key={part.key}
            dataKey={part.key}
            name={part.name}
            stackId="whole"
            fill={part.colour}
            isAnimationActive={false}
            maxBarSize={28}
          />
        ))}
      </BarChart>
    </ResponsiveContainer>
  );
}
