// Everything that this city was taught by verdicts and by boxes drawn by hand.
import { Group, Select, Switch, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { useMatters } from '@/components/matters';
import { Page } from '@/components/page';
import { ExemplarList } from './exemplar-list';

export function ExemplarsPage() {
  const { t } = useTranslation('operator');
  const matters = useMatters();
  const [address, setAddress] = useSearchParams();
  const matter = address.get('matter');
  const isWhole = address.get('all') === 'true';
  const set = (name: string, value: string | null) =>
    setAddress(
      (address) => {
        if (value) address.set(name, value);
        else address.delete(name);
        return address;
      },
      { replace: true },
    );
  return (
    <Page title={t('exemplar.title')}>
      <Group gap="md" role="search" aria-label={t('filter.label')}>
        <Select
          size="xs"
          w="10rem"
          clearable
          clearButtonProps={{ 'aria-label': t('exemplar.clear') }}
          aria-label={t('filter.matter')}
          placeholder={t('filter.all_matters')}
          value={matter}
          data={matters.map(({ key, name }) => ({ value: key, label: name }))}
          onChange={(next) => set('matter', next)}
        />
        <Switch
          size="xs"
          label={t('exemplar.ended_too')}
          checked={isWhole}
          onChange={(event) => set('all', event.currentTarget.checked ? 'true' : null)}
        />
        <Text size="xs" c="dimmed">
          {t('exemplar.means')}
        </Text>
      </Group>
      <ExemplarList which={{ ...(matter && { matter }), ...(!isWhole && { counting: true }) }} withPlace />
    </Page>
  );
}
