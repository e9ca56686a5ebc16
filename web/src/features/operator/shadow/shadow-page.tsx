// New models that are tried beside the old ones, and what they saw differently: a person says what is there, and who was
// right is counted. Nothing here changes what is reported.
import { Button, SegmentedControl, Text } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { FilterChoice, Filters, useAddress } from '@/components/filters';
import { useMatters } from '@/components/matters';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { viewsQuery } from '../data';
import { shadowQuery, type Which } from './data';
import { HowTo } from './how-to';
import { Spots } from './spots';
import { Summary } from './summary';

export function ShadowPage() {
  const { t } = useTranslation('operator');
  const matters = useMatters();
  const views = useQuery(viewsQuery);
  const [address, set] = useAddress();
  const [view, matter] = [address.get('view'), address.get('matter')];
  const first = address.get('first') === 'latest' ? 'latest' : 'often';
  const which: Which = { first, ...(view && { view }), ...(matter && { matter }) };
  const shadow = useQuery(shadowQuery(which));
  const isNarrow = view !== null || matter !== null;
  const options = (views.data ?? []).map(({ stream_name, view: { id, name } }) => ({
    value: id,
    label: `${stream_name} · ${name}`.slice(0, 100),
  }));
  return (
    <Page
      title={t('shadow.title')}
      aside={
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconRefresh size={14} aria-hidden />}
          loading={shadow.isFetching && !shadow.isPending}
          onClick={() => void shadow.refetch()}
        >
          {t('shadow.refresh')}
        </Button>
      }
    >
      <Text size="xs" c="dimmed">
        {t('shadow.means')}
      </Text>
      <Filters label={t('filter.label')}>
        <FilterChoice
          label={t('shadow.view')}
          all={t('shadow.all_views')}
          options={options}
          value={view}
          onChoose={(view) => set({ view })}
          isSearched
        />
        <FilterChoice
          label={t('filter.matter')}
          all={t('filter.all_matters')}
          options={matters.map(({ key, name }) => ({ value: key, label: name }))}
          value={matter}
          onChoose={(matter) => set({ matter })}
        />
        <SegmentedControl
          size="xs"
          aria-label={t('shadow.order')}
          value={first}
          data={(['often', 'latest'] as const).map((value) => ({ value, label: t(`shadow.first.${value}`) }))}
          onChange={(value) => set({ first: value === 'latest' ? value : null })}
        />
      </Filters>
      <ProblemText error={shadow.error} />
      {shadow.isPending && <Waiting />}
      {shadow.data &&
        (shadow.data.comparisons.length > 0 ? (
          <>
            <Summary shadow={shadow.data} onNarrow={(view, matter) => set({ view, matter })} />
            <Spots key={JSON.stringify(which)} shadow={shadow.data} which={which} />
          </>
        ) : isNarrow ? (
          <Text size="sm" c="dimmed">
            {t('shadow.none_here')}
          </Text>
        ) : (
          <HowTo />
        ))}
    </Page>
  );
}
