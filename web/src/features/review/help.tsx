import { Modal, Switch, Table } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { setSingleKeys, useSingleKeys } from '@/components/keys';

/** Key and text of every action of the reviewer's screen, in the order of the sheet. */
const KEYS: readonly [key: string, text: string][] = [
  ['C', 'confirm'],
  ['X', 'reject'],
  ['F', 'reclassify'],
  ['D', 'duplicate'],
  ['S', 'skip'],
  ['Z', 'undo'],
  ['A / Q', 'picture'],
  ['V', 'compare'],
  ['B', 'boxes'],
  ['U', 'unmask'],
  ['+ − 0', 'zoom'],
  ['␣', 'play'],
  [', .', 'step'],
  ['↑ ↓', 'row'],
  ['?', 'help'],
];

export function Help({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('review');
  const on = useSingleKeys();
  return (
    <Modal opened={opened} onClose={onClose} title={t('help.title')} centered transitionProps={{ duration: 0 }}>
      <Table verticalSpacing={4} mb="md">
        <Table.Tbody>
          {KEYS.map(([key, text]) => (
            <Table.Tr key={key}>
              <Table.Th scope="row" w="5rem">
                <kbd>{key}</kbd>
              </Table.Th>
              <Table.Td>{t(`help.${text}`)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Switch
        label={t('help.single_keys')}
        description={t('help.single_keys_why')}
        checked={on}
        onChange={(change) => setSingleKeys(change.currentTarget.checked)}
      />
    </Modal>
  );
}
