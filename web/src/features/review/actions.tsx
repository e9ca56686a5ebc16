import { Button, Group } from '@mantine/core';
import { IconCheck, IconCopy, IconPlayerTrackNext, IconSwitch3, IconX, type TablerIcon } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { KeyCap } from '@/components/key-cap';

export type Ask = 'reject' | 'duplicate' | 'reclassify';

interface Props {
  /** No verdict counts: nothing seen yet, a colleague has it, no right to. */
  isBlocked: boolean;
  onConfirm: () => void;
  onAsk: (ask: Ask) => void;
  onSkip: () => void;
}

/** What a reviewer can do with the incident; every button carries its key. */
export function Actions({ isBlocked, onConfirm, onAsk, onSkip }: Props) {
  const { t } = useTranslation('review');
  return (
    <Group gap="xs" wrap="nowrap" role="group" aria-label={t('actions')}>
      <Action name="confirm" hotkey="C" Icon={IconCheck} act={onConfirm} isBlocked={isBlocked} isFirst />
      <Action name="reject" hotkey="X" Icon={IconX} act={() => onAsk('reject')} isBlocked={isBlocked} />
      <Action name="reclassify" hotkey="F" Icon={IconSwitch3} act={() => onAsk('reclassify')} isBlocked={isBlocked} />
      <Action name="duplicate" hotkey="D" Icon={IconCopy} act={() => onAsk('duplicate')} isBlocked={isBlocked} />
      <Action name="skip" hotkey="S" Icon={IconPlayerTrackNext} act={onSkip} isBlocked={false} />
    </Group>
  );
}

interface ActionProps {
  name: string;
  hotkey: string;
  Icon: TablerIcon;
  act: () => void;
  isBlocked: boolean;
  isFirst?: boolean;
}

function Action({ name, hotkey, Icon, act, isBlocked, isFirst = false }: ActionProps) {
  const { t } = useTranslation('review');
  return (
    <Button
      variant={isFirst ? 'filled' : 'default'}
      leftSection={<Icon size={16} aria-hidden />}
      rightSection={<KeyCap>{hotkey}</KeyCap>}
      aria-keyshortcuts={hotkey}
      data-action={name}
      disabled={isBlocked}
      onClick={act}
      px="xs"
    >
      {t(`action.${name}`)}
    </Button>
  );
}
