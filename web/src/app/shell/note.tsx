import { Alert, type AlertProps } from '@mantine/core';

/** One line over the whole page that says how things stand; nothing has to be done about it now. */
export function Note({ icon, children }: Pick<AlertProps, 'icon' | 'children'>) {
  return (
    <Alert color="yellow" variant="light" radius={0} py={4} role="status" data-screen-only icon={icon}>
      {children}
    </Alert>
  );
}
