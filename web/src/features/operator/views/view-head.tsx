import { Anchor, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Name } from '@/components/name';
import type { ViewCoverage } from '../data';
import { useTimes } from '@/components/time';
import { useReason } from '../reason';
import { StateBadge } from '../state-badge';
import { ReferenceButton } from './reference-button';
import classes from './draw-bar.module.css';

/** Which view this is, how it stands and why, and a new reference picture. */
export function ViewHead({ row }: { row: ViewCoverage }) {
  const { t } = useTranslation('operator');
  const moments = useTimes();
  const reason = useReason()(row);
  const { view } = row;
  return (
    <Group className={classes.bar} gap="sm" wrap="nowrap">
      <Anchor component={Link} to={`/operator/cameras/${view.stream}`} size="sm" fw={600} miw={0} maw="22rem">
        <Name>{row.stream_name}</Name>
      </Anchor>
      <Name size="sm" c="dimmed" maw="10rem">
        {view.name}
      </Name>
      <StateBadge row={row} />
      <Text size="xs" c="dimmed" flex={1} miw={0} truncate title={reason}>
        {reason}
      </Text>
      {view.reference && (
        <Text size="xs" c="dimmed" className={classes.nowrap}>
          {t('reference.of', { version: view.reference.version, at: moments.minute(view.reference.taken_at) })}
        </Text>
      )}
      <ReferenceButton view={view.id} />
    </Group>
  );
}
