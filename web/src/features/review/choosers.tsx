import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { useMatterName, useMatters } from '@/components/matters';
import { useServerNow } from '@/app/session/clock';
import { Name } from '@/components/name';
import { useTimes } from '@/components/time';
import { similarQuery } from './calls';
import { Chooser } from './chooser';
import { closeUp } from './towards';
import { REASONS, type Given, type Opinion, type QueueItemOut, type RejectReason } from './types';
import classes from './desk.module.css';

interface Props {
  opened: boolean;
  onClose: () => void;
}

/** Reject, with the reason by its digit. */
export function RejectChooser({ opened, onClose, onGive }: Props & { onGive: (given: Opinion) => void }) {
  const { t } = useTranslation('review');
  return (
    <Chooser
      title={t('choose.reason')}
      opened={opened}
      onClose={onClose}
      nothing=""
      choices={REASONS.map((reason) => ({
        id: reason,
        label: (
          <>
            {t(`reason.${reason}`)}
            <Text span size="xs" c="dimmed">
              {t(`reason_help.${reason}`)}
            </Text>
          </>
        ),
      }))}
      onChoose={(reason) => onGive({ verdict: 'rejected', reason: reason as RejectReason })}
    />
  );
}

/** The incident of which this one is a duplicate: among those found near that spot. */
export function DuplicateChooser({
  id,
  opened,
  onClose,
  onGive,
}: Props & { id: string; onGive: (given: Given) => void }) {
  const { t } = useTranslation('review');
  const { data } = useQuery(similarQuery(id));
  const others = [...(data?.here ?? []), ...(data?.nearby ?? [])].filter((row) => row.incident.id !== id);
  return (
    <Chooser
      title={t('choose.duplicate')}
      opened={opened}
      onClose={onClose}
      nothing={t('choose.no_duplicate')}
      choices={others.slice(0, 9).map((row) => ({ id: row.incident.id, label: <Other row={row} /> }))}
      onChoose={(of) => onGive({ verdict: 'duplicate', of })}
    />
  );
}

function Other({ row }: { row: QueueItemOut }) {
  const matterName = useMatterName();
  const { t } = useTranslation('review');
  const times = useTimes();
  const now = useServerNow(60_000);
  return (
    <>
      {row.picture && (
        <span className={classes.choicePicture}>
          <img src={row.picture} alt="" style={closeUp(row.incident.bbox)} />
        </span>
      )}
      <span className={classes.choiceText}>
        <Name>{matterName(row.incident.matter_name)}</Name>
        <Text size="xs" c="dimmed">
          {times.short(row.incident.opened_at, now)} · {t(`state.${row.incident.review.state}`)}
        </Text>
      </span>
    </>
  );
}

interface ReclassifyProps {
  matter: string;
  opened: boolean;
  onClose: () => void;
  onChoose: (matter: string) => void;
}

/** The right matter, where the found one is wrong. */
export function ReclassifyChooser({ matter, opened, onClose, onChoose }: ReclassifyProps) {
  const { t } = useTranslation('review');
  const matters = useMatters();
  return (
    <Chooser
      title={t('choose.matter')}
      opened={opened}
      onClose={onClose}
      nothing={t('choose.no_matter')}
      choices={matters
        .filter(({ key }) => key !== matter)
        .map(({ key, name, code_2026: code }) => ({
          id: key,
          label: (
            <>
              <Name>{name}</Name>
              <Text span size="xs" c="dimmed">
                {code}
              </Text>
            </>
          ),
        }))}
      onChoose={onChoose}
    />
  );
}
