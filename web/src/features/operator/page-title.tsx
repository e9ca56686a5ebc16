import { VisuallyHidden } from '@mantine/core';

/** The heading of a page whose navigation already says where one is: for those who hear it. */
export function PageTitle({ children }: { children: string }) {
  return <VisuallyHidden component="h1">{children}</VisuallyHidden>;
}
