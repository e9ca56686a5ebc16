import { Text } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { ViewCoverage } from '../data';
import { PlainName } from '../plain-name';
import { useRowWords } from '../row-words';
import { StateMark } from '../state-badge';
import { toneOf } from '../words';
import classes from './map-page.module.css';

export interface Listed {
  key: string;
  name: string;
  detail: string;
  view?: ViewCoverage;
}

interface Props {
  items: readonly Listed[];
  chosen: string | null;
  onChoose: (key: string | null) => void;
}

const ROW_PX = 44;

/** A list of which one is chosen: arrows move the choice, and with it the mark on the map. */
export function PointList({ items, chosen, onChoose }: Props) {
  const { t } = useTranslation('operator');
  const words = useRowWords();
  const scroller = useRef<HTMLDivElement>(null);
  const at = items.findIndex(({ key }) => key === chosen);
  const [isFocused, setIsFocused] = useState(false);
  // eslint-disable-next-line react-hooks/incompatible-library -- the list is drawn by this component alone
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 4,
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + 10,
      PageUp: at - 10,
      Home: 0,
      End: items.length - 1,
    };
    const wanted = steps[event.key];
    if (event.key === 'Escape') onChoose(null);
    if (wanted === undefined || items.length === 0) return;
    event.preventDefault();
    const next = Math.min(Math.max(wanted, 0), items.length - 1);
    onChoose(items[next]?.key ?? null);
    virtual.scrollToIndex(next);
  };
  return (
    <div
      ref={scroller}
      className={classes.list}
      role="listbox"
      tabIndex={0}
      aria-label={t('map.list')}
      aria-activedescendant={at >= 0 && isFocused ? `place-${at}` : undefined}
      onKeyDown={onKeyDown}
      onFocus={() => setIsFocused(true)}
      onBlur={() => setIsFocused(false)}
    >
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
        {virtual.getVirtualItems().map((item) => {
          const entry = items[item.index];
          if (!entry) return null;
          return (
            // The list takes the keys; a line takes the mouse.
            // eslint-disable-next-line jsx-a11y/click-events-have-key-events
            <div
              key={entry.key}
              id={`place-${item.index}`}
              role="option"
              tabIndex={-1}
              aria-selected={entry.key === chosen}
              aria-posinset={item.index + 1}
              aria-setsize={items.length}
              className={classes.option}
              style={{ transform: `translateY(${item.start}px)`, height: ROW_PX }}
              onClick={() => onChoose(entry.key)}
            >
              <div className={classes.words}>
                <PlainName>{entry.name}</PlainName>
                <PlainName small>{entry.detail || '—'}</PlainName>
              </div>
              {entry.view && <StateMark tone={toneOf(entry.view)}>{words.state(entry.view)}</StateMark>}
            </div>
          );
        })}
      </div>
      {items.length === 0 && (
        <Text size="sm" c="dimmed" p="sm">
          {t('filter.nothing')}
        </Text>
      )}
    </div>
  );
}
