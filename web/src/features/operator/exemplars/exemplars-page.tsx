// Everything that this city was taught by verdicts and by boxes drawn by hand.
import { Switch, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { FilterChoice, Filters, useAddress } from '@/components/filters';
import { useMatters } from '@/components/matters';
import { Page } from '@/components/page';
import { ExemplarList } from './exemplar-list';

export function ExemplarsPage() {
  const { t } = useTranslation('operator');
  const matters = useMatters();
  const [address, set] = useAddress();
  const matter = address.get('matter');
  const isWhole = address.get('all') === 'true';
  return (
    <Page title={t('exemplar.title')}>
      <Filters label={t('filter.label')}>
        <FilterChoice
          label={t('filter.matter')}
          all={t('filter.all_matters')}
          options={matters.map(({ key, name }) => ({ value: key, label: name }))}
          value={matter}
          onChoose={(matter) => set({ matter })}
        />
        <Switch
          size="xs"
          mb={6}
          label={t('exemplar.ended_too')}
          checked={isWhole}
          onChange={(event) => set({ all: event.currentTarget.checked ? 'true' : null })}
        />
      </Filters>
      <Text size="xs" c="dimmed">
        {t('exemplar.means')}
      </Text>
      <ExemplarList which={{ ...(matter && { matter }), ...(!isWhole && { counting: true }) }} withPlace />
    </Page>
  );
}
