import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useEffectEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatterName } from '@/components/matters';
import { announce } from '@/components/announce';
import { useProblemWords } from '@/components/problem-text';
import { decisions, detailQuery } from './calls';
import type { DecisionNews } from './decisions';

/** Says that a colleague was quicker. */
export function useTaken() {
  const { t } = useTranslation('review');
  const matterName = useMatterName();
  return (matter: string, by: string | null) =>
    warn(t('news.taken', { matter: matterName(matter) }), by ? t('news.taken_by', { name: by.slice(0, 100) }) : '');
}

function warn(title: string, message: string) {
  announce(`${title} ${message}`);
  notifications.show({ color: 'red', title, message, autoClose: 10_000 });
}

/** Says what became of verdicts: aloud to all, on the screen where something went another way than the person thinks. */
export function useNews(onBack: (id: string) => void) {
  const matterName = useMatterName();
  const { t } = useTranslation('review');
  const words = useProblemWords();
  const client = useQueryClient();
  const taken = useTaken();
  const tell = useEffectEvent((news: DecisionNews) => {
    const { incident } = news.decision.row;
    const matter = matterName(incident.matter_name);
    void client.invalidateQueries({ queryKey: detailQuery(incident.id).queryKey });
    switch (news.kind) {
      case 'sent':
        announce(t(`said.${news.decision.given.verdict}`, { matter, reason: '' }));
        break;
      case 'undone':
        announce(t('news.undone', { matter }));
        onBack(incident.id);
        break;
      case 'failed': {
        const { title, detail } = words(news.error);
        warn(t('news.failed', { matter }), `${title}${t('sentence')}${detail}`);
        break;
      }
      case 'undo_failed': {
        const { title, detail } = words(news.error);
        warn(t('news.undo_failed', { matter }), `${title}${t('sentence')}${detail}`);
        break;
      }
      case 'taken':
        taken(incident.matter_name, news.by);
        break;
    }
  });
  useEffect(() => {
    const stop = decisions.listen((news) => tell(news));
    return () => void stop();
  }, []);
}
