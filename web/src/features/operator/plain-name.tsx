import classes from './plain-name.module.css';

/** What fits on a line is less; the rest is cut before it is laid out, and the tooltip is cut too. */
const SHOWN_MAX = 120;
const TOOLTIP_MAX = 1_000;

/** A name from outside, as `Name` draws it, without the weight: for rows that are drawn while somebody scrolls. */
export function PlainName({ children, small }: { children: string; small?: boolean }) {
  return (
    <bdi className={classes.name} data-small={small || undefined} title={children.slice(0, TOOLTIP_MAX)}>
      {children.length > SHOWN_MAX ? `${children.slice(0, SHOWN_MAX)}…` : children}
    </bdi>
  );
}
