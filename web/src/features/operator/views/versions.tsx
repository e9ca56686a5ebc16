// The versions that a zone had: incidents name the one that they broke. An old outline can be taken up again.
import { Button, Group, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Name } from '@/components/name';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { versionsQuery } from '../data';
import { useTimes } from '@/components/time';
import { draftOf, type Draft } from '../zones/drafts';
import classes from '../zones/corner-table.module.css';

interface Props {
  zone: string;
  /** The version that is in force. */
  version: number | null;
  onTake: (patch: Partial<Draft>) => void;
}

export function Versions({ zone, version, onTake }: Props) {
  const { t } = useTranslation('operator');
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div>
      <UnstyledButton className={classes.opener} aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
        <IconChevronRight size={14} aria-hidden data-open={isOpen || undefined} className={classes.mark} />
        <Text size="xs" fw={500}>
          {t('versions.title')}
        </Text>
      </UnstyledButton>
      {isOpen && <List zone={zone} version={version} onTake={onTake} />}
    </div>
  );
}

function List({ zone, version, onTake }: Props) {
  const { t } = useTranslation('operator');
  const moments = useTimes();
  const versions = useQuery(versionsQuery(zone));
  if (versions.isPending) return <Waiting />;
  if (versions.error) return <ProblemText error={versions.error} />;
  return (
    <Stack gap={4} mt={4} component="ol" p={0} m={0}>
      {versions.data.map(({ at, by, zone: old }) => {
        const { name, kind, matters, outline, hours, validFrom, validUntil } = draftOf(old);
        return (
          <Group key={old.version} component="li" gap="xs" wrap="nowrap" justify="space-between">
            <div style={{ minWidth: 0 }}>
              <Text size="xs">
                {t('versions.row', { version: old.version, kind: t(`kind.${kind}`), at: moments.minute(at) })}
              </Text>
              <Name size="xs" c="dimmed">
                {`${name} · ${by}`}
              </Name>
            </div>
            {old.version === version ? (
              <Text size="xs" c="dimmed">
                {t('versions.present')}
              </Text>
            ) : (
              <Button
                size="compact-xs"
                variant="default"
                onClick={() => onTake({ name, kind, matters, outline, hours, validFrom, validUntil })}
              >
                {t('versions.take', { version: old.version })}
              </Button>
            )}
          </Group>
        );
      })}
    </Stack>
  );
}
