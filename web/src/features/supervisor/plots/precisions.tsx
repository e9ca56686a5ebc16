import { CartesianGrid, ErrorBar, ResponsiveContainer, Scatter, ScatterChart, Tooltip, XAxis, YAxis } from 'recharts';
import type { Share } from '../wire';
import { AXIS, clipped, TOOLTIP } from './axes';

export interface Precision {
  name: string;
  share: Share;
}

const hundredths = (share: number) => `${Math.round(share * 100)}%`;

/** Shares, each a dot in its interval. What is measured by few decisions has a long whisker, and says so. */
export function Precisions({ rows, upright }: { rows: Precision[]; upright: boolean }) {
  const dots = rows.map(({ name, share }) => ({
    name,
    value: share.value,
    whisker: [share.value - share.low, share.high - share.value] as [number, number],
  }));
  const names = rows.map((row) => row.name);
  const domain = [(least: number) => Math.max(0, Math.floor((least - 0.2) * 10) / 10), 1] as const;
  return (
    <ResponsiveContainer width="100%" height={upright ? 240 : Math.max(120, 44 + rows.length * 26)}>
      <ScatterChart margin={{ top: 8, right: 16, bottom: 0, left: 0 }}>
        <CartesianGrid stroke="var(--plot-grid)" vertical={!upright} horizontal={upright} />
        {upright ? (
          <>
            <XAxis type="category" dataKey="name" allowDuplicatedCategory={false} {...AXIS} minTickGap={16} />
            <YAxis type="number" dataKey="value" domain={[...domain]} tickFormatter={hundredths} width={44} {...AXIS} />
          </>
        ) : (
          <>
            <XAxis type="number" dataKey="value" domain={[...domain]} tickFormatter={hundredths} {...AXIS} />
            <YAxis
              type="category"
              dataKey="name"
              reversed
              width={132}
              interval={0}
              ticks={names}
              tickFormatter={clipped}
              allowDuplicatedCategory={false}
              {...AXIS}
            />
          </>
        )}
        <Tooltip
          {...TOOLTIP}
          formatter={(value) => (typeof value === 'number' ? `${(value * 100).toFixed(1)}%` : value)}
        />
        <Scatter data={dots} fill="var(--plot-confirmed)" isAnimationActive={false}>
          <ErrorBar
            dataKey="whisker"
            direction={upright ? 'y' : 'x'}
            width={5}
            strokeWidth={1.5}
            stroke="var(--plot-confirmed)"
            isAnimationActive={false}
          />
        </Scatter>
      </ScatterChart>
    </ResponsiveContainer>
  );
}
