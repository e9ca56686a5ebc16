// The corners as numbers: what the picture shows, for whoever cannot or will not draw.
import { ActionIcon, NumberInput, Table, Text, Textarea, Tooltip, UnstyledButton } from '@mantine/core';
import { IconChevronRight, IconPlus, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CORNERS_MIN, edgeMiddle, insertCorner, readCorners, removeCorner, showCorners, type Outline } from './polygon';
import classes from './corner-table.module.css';

interface Props {
  outline: Outline;
  onOutline: (outline: Outline) => void;
}

export function CornerTable({ outline, onOutline }: Props) {
  const { t } = useTranslation('operator');
  const [isOpen, setIsOpen] = useState(false);
  const change = (index: number, axis: 0 | 1, value: number | string) => {
    if (typeof value !== 'number') return;
    onOutline(
      outline.map((corner, i) => (i === index ? (axis === 0 ? [value, corner[1]] : [corner[0], value]) : corner)),
    );
  };
  return (
    <div>
      <UnstyledButton className={classes.opener} aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        <IconChevronRight size={14} aria-hidden data-open={isOpen || undefined} className={classes.mark} />
        <Text size="xs" fw={500}>
          {t('corners.title', { count: outline.length })}
        </Text>
      </UnstyledButton>
      {isOpen && (
        <>
          <Table className={classes.table} verticalSpacing={2} horizontalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>#</Table.Th>
                <Table.Th>{t('corners.x')}</Table.Th>
                <Table.Th>{t('corners.y')}</Table.Th>
                <Table.Th>
                  <span className={classes.hidden}>{t('corners.actions')}</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {outline.map((corner, index) => (
                <Table.Tr key={index}>
                  <Table.Td>{index + 1}</Table.Td>
                  {([0, 1] as const).map((axis) => (
                    <Table.Td key={axis}>
                      <NumberInput
                        size="xs"
                        aria-label={t(axis === 0 ? 'corners.x_of' : 'corners.y_of', { corner: index + 1 })}
                        min={0}
                        max={1}
                        step={0.005}
                        decimalScale={4}
                        value={corner[axis]}
                        onChange={(value) => change(index, axis, value)}
                      />
                    </Table.Td>
                  ))}
                  <Table.Td className={classes.actions}>
                    <Tooltip label={t('corners.add_after', { corner: index + 1 })}>
                      <ActionIcon
                        size="sm"
                        variant="subtle"
                        aria-label={t('corners.add_after', { corner: index + 1 })}
                        onClick={() => onOutline(insertCorner(outline, index, edgeMiddle(outline, index)))}
                      >
                        <IconPlus size={14} aria-hidden />
                      </ActionIcon>
                    </Tooltip>
                    <Tooltip label={t('corners.remove', { corner: index + 1 })}>
                      <ActionIcon
                        size="sm"
                        variant="subtle"
                        color="red"
                        disabled={outline.length <= CORNERS_MIN}
                        aria-label={t('corners.remove', { corner: index + 1 })}
                        onClick={() => onOutline(removeCorner(outline, index))}
                      >
                        <IconX size={14} aria-hidden />
                      </ActionIcon>
                    </Tooltip>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
          <CornersText key={showCorners(outline)} outline={outline} onOutline={onOutline} />
        </>
      )}
    </div>
  );
}

/** All corners at once, to copy and to paste. */
function CornersText({ outline, onOutline }: Props) {
  const { t } = useTranslation('operator');
  const [text, setText] = useState(showCorners(outline));
  const [isWrong, setIsWrong] = useState(false);
  return (
    <Textarea
      size="xs"
      autosize
      maxRows={4}
      label={t('corners.text')}
      value={text}
      error={isWrong && t('corners.unreadable')}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => {
        const read = readCorners(text);
        setIsWrong(read === null);
        if (read && showCorners(read) !== showCorners(outline)) onOutline(read);
      }}
    />
  );
}
