// How two models agree and who was right, by matter and view; a sum over the views of each two stands above them.
import { Anchor, Badge, Group, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ListTable, type Column } from '@/components/list-table';
import { useMatters } from '@/components/matters';
import { Name } from '@/components/name';
import { useTimes } from '@/components/time';
import { viewsQuery } from '../data';
import { modelNames, trialsOf, type Counts, type Trial } from './counts';
import type { Shadow } from './data';
import classes from './shadow.module.css';

/** Views of one trial that have a row of their own; the others are in the sum, and found by the filter. */
const ROWS_MAX = 30;

interface Props {
  shadow: Shadow;
  onNarrow: (view: string, matter: string) => void;
}

export function Summary({ shadow, onNarrow }: Props) {
  const { t } = useTranslation('operator');
  const named = modelNames(shadow);
  const matters = useMatters();
  return trialsOf(shadow.comparisons).map((trial) => {
    const matter = matters.find(({ key }) => key === trial.matter)?.name ?? trial.matter;
    return (
      <section key={trial.key} aria-label={matter}>
        <Group gap="xs" mb={6} className={classes.trial}>
          <Name fw={600}>{matter}</Name>
          <Model part="own" name={named(trial.own)} />
          <Model part="shadow" name={named(trial.shadow)} />
          <Since trial={trial} />
        </Group>
        <ListTable label={t('shadow.summary', { matter })} columns={columns(t)} minWidth={760}>
          {trial.comparisons.length > 1 && (
            <Row name={t('shadow.views', { count: trial.comparisons.length })} counts={trial.sum} isSum />
          )}
          {trial.comparisons.slice(0, ROWS_MAX).map((comparison) => (
            <Row
              key={comparison.view}
              view={comparison.view}
              counts={comparison}
              onNarrow={() => onNarrow(comparison.view, comparison.matter)}
            />
          ))}
        </ListTable>
        {trial.comparisons.length > ROWS_MAX && (
          <Text size="xs" c="dimmed" mt={4}>
            {t('shadow.more_views', { count: trial.comparisons.length - ROWS_MAX })}
          </Text>
        )}
      </section>
    );
  });
}

function columns(t: (key: string) => string): Column[] {
  const counts = ['looks', 'both', 'only_own', 'only_shadow', 'own_right', 'shadow_right', 'unclear', 'waiting'];
  return [{ name: t('shadow.view') }, ...counts.map((key) => ({ name: t(`shadow.column.${key}`), end: true }))];
}

/** One of the two models by its part in the trial. */
function Model({ part, name }: { part: 'own' | 'shadow'; name: string }) {
  const { t } = useTranslation('operator');
  return (
    <Badge
      variant={part === 'own' ? 'outline' : 'light'}
      radius="sm"
      tt="none"
      color={part === 'own' ? 'gray' : 'accent'}
      maw="24rem"
    >
      {t(`shadow.model.${part}`, { name })}
    </Badge>
  );
}

function Since({ trial }: { trial: Trial }) {
  const { t } = useTranslation('operator');
  const times = useTimes();
  const since = trial.comparisons.map((one) => one.since).sort()[0] ?? '';
  return (
    <Text size="xs" c="dimmed">
      {t('shadow.since', { day: times.day(since) })}
    </Text>
  );
}

interface RowProps {
  name?: string;
  view?: string;
  counts: Counts;
  isSum?: boolean;
  onNarrow?: () => void;
}

function Row({ name, view, counts, isSum = false, onNarrow }: RowProps) {
  const { looks, both, only_own, only_shadow, judged } = counts;
  const of = useViewName();
  const values = [looks, both, only_own, only_shadow, judged.own_right, judged.shadow_right];
  return (
    <Table.Tr {...(isSum && { fw: 600 })} data-sum={isSum || undefined} className={classes.row}>
      <Table.Td maw={320}>
        {onNarrow ? (
          <Anchor component="button" type="button" size="sm" ta="left" display="block" maw="100%" onClick={onNarrow}>
            <Name>{of(view ?? '')}</Name>
          </Anchor>
        ) : (
          name
        )}
      </Table.Td>
      {[...values, judged.unclear, judged.waiting].map((value, index) => (
        <Table.Td key={index} ta="right">
          {value}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

/** A view by its camera and, where that has several, by its own name. */
export function useViewName(): (id: string) => string {
  const { data } = useQuery(viewsQuery);
  return (id) => {
    const found = data?.find(({ view }) => view.id === id);
    if (!found) return id.slice(0, 8);
    const isOne = data?.filter(({ view }) => view.stream === found.view.stream).length === 1;
    return isOne ? found.stream_name : `${found.stream_name} · ${found.view.name}`;
  };
}
