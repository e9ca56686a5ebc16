import { Text, type TextProps } from '@mantine/core';

/** Longest text of a name that is drawn; the rest stands in the tooltip, which also is cut. */
const SHOWN_MAX = 200;
const TOOLTIP_MAX = 1_000;

/**
 * A name from outside: text only, on one line, cut by the width it has, and in a world of its own, so that marks for
 * right-to-left writing in it turn nothing else round. `title` is another name of the same, for its tooltip; `lines` lets
 * it have more than one.
 */
export function Name({
  children,
  title = children,
  lines = 1,
  ...props
}: { children: string; title?: string; lines?: number } & TextProps) {
  const cut = lines > 1 ? { lineClamp: lines } : { display: 'block', truncate: true };
  return (
    <Text component="bdi" {...cut} inherit={!props.size} title={title.slice(0, TOOLTIP_MAX)} {...props}>
      {children.length > SHOWN_MAX ? `${children.slice(0, SHOWN_MAX)}…` : children}
    </Text>
  );
}
