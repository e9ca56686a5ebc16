import { Button, type ButtonProps } from '@mantine/core';
import { IconCamera } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useChanges } from '@/api/changes';
import { api, body } from '@/api/client';
import { announce } from '@/components/announce';
import { ProblemText } from '@/components/problem-text';

/** Asks for a new reference picture, and waits until the look that takes it is finished. */
export function ReferenceButton({ view, ...props }: { view: string } & ButtonProps) {
  const { t } = useTranslation('operator');
  const [look, setLook] = useState<string | null>(null);
  const asking = useMutation({
    mutationFn: () => body(api.POST('/api/v1/views/{id}/reference', { params: { path: { id: view } } })),
    onSuccess: ({ look }) => setLook(look),
  });
  useChanges(['look.finished', 'view.referenced'], (change) => {
    if (look === null || change === 'reload') return;
    if (change.subject !== look && change.subject !== view) return;
    setLook(null);
    announce(t('reference.taken'));
  });
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconCamera size={15} aria-hidden />}
        loading={asking.isPending || look !== null}
        onClick={() => asking.mutate()}
        {...props}
      >
        {t('reference.take')}
      </Button>
      <ProblemText error={asking.error} />
    </>
  );
}
