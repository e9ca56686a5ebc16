import { Button, Loader, Text } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatterName } from '@/components/matters';
import { useServerNow } from '@/app/session/clock';
import { useSession } from '@/app/session/session';
import { KeyCap } from '@/components/key-cap';
import { decisions } from './calls';
import classes from './desk.module.css';

/** The latest verdict that can be taken back, with the time that is left for it. */
export function UndoBar({ onUndo }: { onUndo: () => void }) {
  const matterName = useMatterName();
  const { t } = useTranslation('review');
  useSyncExternalStore(decisions.watch, decisions.all);
  const now = useServerNow(250);
  const { undo_ms: wholeMs } = useSession();
  const decision = decisions.undoable(now);
  if (!decision) return <div className={classes.undo} />;
  const leftMs = decision.undoUntil ? Date.parse(decision.undoUntil) - now : wholeMs;
  const words = t(`said.${decision.given.verdict}`, {
    matter: matterName(decision.row.incident.matter_name),
    reason: decision.given.verdict === 'rejected' ? t(`reason.${decision.given.reason}`) : '',
  });
  return (
    <div className={classes.undo}>
      <Text size="sm" truncate miw={0} title={words}>
        {t(`said_short.${decision.given.verdict}`)}
      </Text>
      {decision.isRetried && decision.state === 'sending' && (
        <Text size="xs" c="orange">
          {t('said.retrying')}
        </Text>
      )}
      <Button
        size="compact-sm"
        variant="default"
        leftSection={decision.state === 'sending' ? <Loader size={12} /> : <IconArrowBackUp size={14} aria-hidden />}
        rightSection={<KeyCap>Z</KeyCap>}
        aria-keyshortcuts="Z"
        data-action="undo"
        flex="none"
        onClick={onUndo}
      >
        {t('action.undo', { seconds: Math.max(0, Math.ceil(leftMs / 1_000)) })}
      </Button>
      <progress className={classes.left} max={wholeMs} value={Math.max(0, leftMs)} aria-hidden />
    </div>
  );
}
