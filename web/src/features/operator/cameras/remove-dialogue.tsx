import { Button, Group, List, Modal, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Name } from '@/components/name';
import { ProblemText } from '@/components/problem-text';
import type { Stream } from '../data';

interface Props {
  stream: Stream;
  opened: boolean;
  onClose: () => void;
  onRemove: () => void;
  isRemoving: boolean;
  error: unknown;
}

/** Says what goes with a camera and what stays, before it goes. */
export function RemoveDialogue({ stream, opened, onClose, onRemove, isRemoving, error }: Props) {
  const { t } = useTranslation('operator');
  return (
    <Modal opened={opened} onClose={onClose} title={t('remove.title')} centered>
      <Name fw={600} mb="xs">
        {stream.name}
      </Name>
      <Text size="sm" fw={500}>
        {t('remove.goes')}
      </Text>
      <List size="sm" mb="xs">
        <List.Item>{t('remove.goes_stream')}</List.Item>
        <List.Item>{t('remove.goes_views', { count: stream.views.length })}</List.Item>
      </List>
      <Text size="sm" fw={500}>
        {t('remove.stays')}
      </Text>
      <List size="sm">
        <List.Item>{t('remove.stays_incidents')}</List.Item>
        <List.Item>{t('remove.stays_audit')}</List.Item>
      </List>
      <Text size="sm" c="dimmed" mt="xs">
        {t('remove.instead')}
      </Text>
      <ProblemText error={error} />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose} data-autofocus>
          {t('remove.keep')}
        </Button>
        <Button color="red" loading={isRemoving} onClick={onRemove}>
          {t('remove.do')}
        </Button>
      </Group>
    </Modal>
  );
}
