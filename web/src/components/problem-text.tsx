import { Alert, List } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { isProblem } from '@/api/problem';
import { useRefusalWords } from './refusal-words';

/** What went wrong in the person's language: of what kind, and what in particular. */
export function useProblemWords() {
  const { t } = useTranslation();
  const words = useRefusalWords();
  return (error: unknown): { title: string; detail: string } => {
    if (!isProblem(error)) return { title: t('problem.other'), detail: error instanceof Error ? error.message : '' };
    const known = ['0', '400', '401', '403', '404', '409', '413', '422', '429', '503', '504'];
    const status = String(error.status);
    const title = known.includes(status)
      ? t(`problem.${status}`, { seconds: error.retryAfterS ?? 60 })
      : t(error.status >= 500 ? 'problem.server' : 'problem.other');
    return { title, detail: words.refusal(error.refusal) ?? error.detail };
  };
}

/** An error beside what it belongs to. */
export function ProblemText({ error }: { error: unknown }) {
  const problemWords = useProblemWords();
  const words = useRefusalWords();
  const { t } = useTranslation();
  if (!error) return null;
  const { title, detail } = problemWords(error);
  const faults = isProblem(error) ? error.faults : [];
  return (
    <Alert variant="light" color="red" role="alert" icon={<IconAlertTriangle aria-hidden />} title={title}>
      {detail}
      {faults.length > 0 && (
        <List size="sm">
          {faults.map((fault, index) => (
            <List.Item key={index}>
              {words.field(fault)}
              {t('colon')}
              {words.want(fault)}
            </List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}
