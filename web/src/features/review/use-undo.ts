import { useTranslation } from 'react-i18next';
import { serverNow } from '@/app/session/clock';
import { announce } from '@/components/announce';
import { decisions } from './calls';
import type { Decision } from './decisions';

/** Takes a verdict back: the one that is named, else the latest that can be. */
export function useUndo() {
  const { t } = useTranslation('review');
  return (decision: Decision | undefined = decisions.undoable(serverNow())) => {
    if (decision) void decisions.undo(decision.row.incident.id);
    else announce(t('news.nothing_to_undo'));
  };
}
