import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useMatters } from '@/components/matters';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { exemplarsQuery, type Which } from './data';
import { ExemplarCard } from './exemplar-card';
import classes from './exemplars.module.css';

interface Props {
  which: Which;
  withPlace: boolean;
}

/** What was taught, newest first. */
export function ExemplarList({ which, withPlace }: Props) {
  const { t } = useTranslation('operator');
  const matters = useMatters();
  const exemplars = useQuery(exemplarsQuery(which));
  if (exemplars.error) return <ProblemText error={exemplars.error} />;
  if (exemplars.isPending) return <Waiting />;
  if (exemplars.data.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t(matters.some(({ verified }) => verified) ? 'exemplar.none' : 'exemplar.nobody_looks_again')}
      </Text>
    );
  }
  return (
    <ul className={classes.list} aria-label={t('exemplar.title')}>
      {exemplars.data.map((exemplar) => (
        <ExemplarCard
          key={exemplar.id}
          exemplar={exemplar}
          matterName={matters.find(({ key }) => key === exemplar.matter)?.name ?? exemplar.matter}
          withPlace={withPlace}
        />
      ))}
    </ul>
  );
}
