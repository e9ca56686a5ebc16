import { Table } from '@mantine/core';
import type { ReactNode } from 'react';

/** A head of a list: its words alone, or with what its column needs. */
export type Column = string | { name: string; end?: boolean; width?: number };

interface Props {
  /** What it lists: the name of the region that scrolls. */
  label: string;
  columns: readonly Column[];
  /** Narrower than this it scrolls sideways. */
  minWidth: number;
  /** Columns keep their widths whatever stands in them. */
  isFixed?: boolean;
  /** Its label stands above it. */
  withCaption?: boolean;
  /** Rows. */
  children: ReactNode;
}

/** A list of rows under heads, reached by the keyboard where it scrolls. */
export function ListTable({ label, columns, minWidth, isFixed = false, withCaption = false, children }: Props) {
  return (
    <Table.ScrollContainer minWidth={minWidth} type="native" tabIndex={0} role="region" aria-label={label}>
      <Table
        fz="sm"
        striped
        bg="var(--mantine-color-body)"
        withTableBorder
        layout={isFixed ? 'fixed' : 'auto'}
        captionSide="top"
      >
        {withCaption && (
          <Table.Caption ta="left" mt={0} mb="xs">
            {label}
          </Table.Caption>
        )}
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => {
              const { name, end = false, width } = typeof column === 'string' ? { name: column } : column;
              return (
                <Table.Th key={name} scope="col" ta={end ? 'right' : 'left'} {...(width && { w: width })}>
                  {name}
                </Table.Th>
              );
            })}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
