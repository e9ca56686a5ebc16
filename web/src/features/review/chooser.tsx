import { Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { KeyCap } from '@/components/key-cap';
import { useKeys } from '@/components/keys';
import classes from './desk.module.css';

export interface Choice {
  id: string;
  label: ReactNode;
}

interface Props {
  title: string;
  opened: boolean;
  choices: readonly Choice[];
  /** Said where there is nothing to choose from. */
  nothing: string;
  onChoose: (id: string) => void;
  onClose: () => void;
}

/** A choice among few by one digit, by Tab and Enter, or by the mouse. */
export function Chooser({ title, opened, choices, nothing, onChoose, onClose }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="sm" centered transitionProps={{ duration: 0 }}>
      {choices.length === 0 ? <Text c="dimmed">{nothing}</Text> : <Choices choices={choices} onChoose={onChoose} />}
    </Modal>
  );
}

function Choices({ choices, onChoose }: Pick<Props, 'choices' | 'onChoose'>) {
  const keys = Object.fromEntries(choices.slice(0, 9).map(({ id }, index) => [String(index + 1), () => onChoose(id)]));
  useKeys(keys, { overlay: true });
  return (
    <Stack gap={4}>
      {choices.map(({ id, label }, index) => (
        <button
          key={id}
          type="button"
          className={classes.choice}
          data-autofocus={index === 0 || undefined}
          aria-keyshortcuts={index < 9 ? String(index + 1) : undefined}
          onClick={() => onChoose(id)}
        >
          {index < 9 && <KeyCap>{String(index + 1)}</KeyCap>}
          <span className={classes.choiceLabel}>{label}</span>
        </button>
      ))}
    </Stack>
  );
}
