import { Text, type TextProps } from '@mantine/core';

/** Longest text of a name that is drawn; the rest stands in the tooltip, which also is cut. */
const SHOWN_MAX = 200;
const TOOLTIP_MAX = 1_000;

/**
 * A name from outside: text only, on one line, cut by the width it has, and in a world of its own, so that marks for
 * right-to-left writing in it turn nothing else round. `title` is another name of the same, for its tooltip.
 */
export function Name({ children, title = children, ...props }: { children: string; title?: string } & TextProps) {
  return (
    <Text component="bdi" display="block" truncate inherit={!props.size} title={title.slice(0, TOOLTIP_MAX)} {...props}>
      {children.length > SHOWN_MAX ? `${children.slice(0, SHOWN_MAX)}…` : children}
    </Text>
  );
}
