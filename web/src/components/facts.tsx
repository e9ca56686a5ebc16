import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './facts.module.css';

export interface Fact {
  name: string;
  value: ReactNode;
  /** Said smaller, below. */
  more?: ReactNode;
}

/** Numbers that belong together, side by side. */
export function Facts({ facts, label }: { facts: readonly Fact[]; label: string }) {
  return (
    <dl className={classes.facts} aria-label={label}>
      {facts.map(({ name, value, more }) => (
        <div key={name} className={classes.fact}>
          <Text component="dt" size="xs" c="dimmed">
            {name}
          </Text>
          <dd className={classes.value}>
            {value}
            {more !== undefined && (
              <Text component="span" display="block" size="xs" c="dimmed" fw={400}>
                {more}
              </Text>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
