import { Text } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatterName } from '@/components/matters';
import { useServerNow } from '@/app/session/clock';
import { useDueWords } from './due';
import type { QueueItemOut } from './types';
import classes from './queue.module.css';

const ROW_PX = 52;
/** Levels from here on are named; the normal one is not. */
const LEVEL_HIGH = 3;

interface Props {
  list: readonly QueueItemOut[];
  waiting: number;
  selected: string | undefined;
  onSelect: (id: string) => void;
  /** The end of what is loaded came near. */
  onEnd: () => void;
}

/** The queue: only the rows in sight are drawn. One row is in the Tab order; arrows move among them. */
export function QueueList({ list, waiting, selected, onSelect, onEnd }: Props) {
  const { t } = useTranslation('review');
  const now = useServerNow(1_000);
  const matterName = useMatterName();
  const scroller = useRef<HTMLDivElement>(null);
  // The compiler must leave the virtualizer's changing functions alone.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtual = useVirtualizer({
    count: list.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
    getItemKey: (index) => list[index]?.incident.id ?? index,
  });
  const at = list.findIndex((row) => row.incident.id === selected);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [at, virtual]);
  const shown = virtual.getVirtualItems();
  const lastShown = shown.at(-1)?.index ?? 0;
  const isNearEnd = lastShown >= list.length - 20;
  useEffect(() => {
    if (isNearEnd) onEnd();
  }, [isNearEnd, onEnd, list.length]);

  const move = (step: number) => {
    const to = list[Math.min(Math.max(at + step, 0), list.length - 1)];
    if (to) onSelect(to.incident.id);
  };
  return (
    <div
      ref={scroller}
      className={classes.scroller}
      role="listbox"
      aria-label={t('queue.label', { count: waiting })}
      aria-activedescendant={selected ? `row-${selected}` : undefined}
      tabIndex={0}
      onKeyDown={(press) => {
        const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[press.key];
        if (step === undefined) return;
        press.preventDefault();
        move(step);
      }}
    >
      <div className={classes.rows} style={{ height: virtual.getTotalSize() }}>
        {shown.map(({ index, start, key }) => {
          const row = list[index];
          return row ? (
            <Row
              key={key}
              row={row}
              top={start}
              place={index + 1}
              total={waiting}
              isSelected={index === at}
              now={now}
              matterName={matterName}
              onSelect={onSelect}
            />
          ) : null;
        })}
      </div>
    </div>
  );
}

interface RowProps {
  row: QueueItemOut;
  top: number;
  place: number;
  total: number;
  isSelected: boolean;
  now: number;
  matterName: (name: string) => string;
  onSelect: (id: string) => void;
}

/** One row, of plain elements: dozens are drawn anew with each notch of the wheel. */
const Row = memo(function Row({ row, top, place, total, isSelected, now, matterName, onSelect }: RowProps) {
  const { t } = useTranslation('review');
  const due = useDueWords();
  const { incident, lock } = row;
  const locked = lock && !lock.mine ? lock.by : null;
  const { words, state } = due(row.review_due_at, now, true);
  return (
    // Arrow keys reach the row through the list (aria-activedescendant).
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={`row-${incident.id}`}
      role="option"
      aria-selected={isSelected}
      aria-posinset={place}
      aria-setsize={Math.max(total, place)}
      tabIndex={-1}
      className={classes.row}
      style={{ transform: `translateY(${top}px)`, height: ROW_PX }}
      onClick={() => onSelect(incident.id)}
    >
      <span className={classes.line}>
        <bdi className={classes.matter}>{t('suspected', { matter: shortened(matterName(incident.matter_name)) })}</bdi>
        {row.level >= LEVEL_HIGH && <span className={classes.level}>{t('level.high')}</span>}
        {locked !== null && <IconLock size={14} aria-label={t('lock.by', { name: shortened(locked) })} />}
      </span>
      <span className={classes.line}>
        <bdi className={classes.camera} title={shortened(row.stream_name)}>
          {shortened(row.stream_name)}
        </bdi>
        <span className={classes.due} data-state={state}>
          {words}
        </span>
      </span>
    </div>
  );
});

/** A name may have ten thousand characters; a row shows some twenty. */
const shortened = (name: string) => name.slice(0, 200);

/** Nothing waits under the filters. */
export function NothingWaits({ isFiltered }: { isFiltered: boolean }) {
  const { t } = useTranslation('review');
  return (
    <Text c="dimmed" size="sm" p="md" role="status">
      {t(isFiltered ? 'queue.none_filtered' : 'queue.none')}
    </Text>
  );
}
