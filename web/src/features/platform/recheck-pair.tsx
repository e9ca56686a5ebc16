import { Alert, Image, Paper, SimpleGrid, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Moment } from '@/components/moment';
import { bundleQuery, type DeliveryOut } from './wire';

const NAMES = { before: 'masked_before.jpg', after: 'masked_after.jpg' } as const;

/** 核查: the spot before handling and after it, side by side; without a re-check, the picture that was reported. */
export function RecheckPair({ deliveries }: { deliveries: DeliveryOut[] }) {
  const { t } = useTranslation('platform');
  const recheck = deliveries.filter((row) => row.kind === 'recheck' && row.evidence).at(-1);
  const shown = recheck ?? deliveries.find((row) => row.evidence);
  const bundle = useQuery({ ...bundleQuery(shown?.evidence ?? ''), enabled: Boolean(shown?.evidence) });
  if (!shown?.evidence) {
    return (
      <Paper withBorder p="sm">
        <Text size="sm" c="dimmed">
          {t('recheck.no_picture')}
        </Text>
      </Paper>
    );
  }
  const files = bundle.data?.files?.filter((file) => file.role === 'masked') ?? [];
  const named = (name: string) => files.find((file) => file.name === name);
  const pictures = recheck
    ? [
        { key: 'before', file: named(NAMES.before) },
        { key: 'after', file: named(NAMES.after) },
      ]
    : [{ key: 'reported', file: files.at(-1) }];
  const outcome = recheck
    ? recheck.cleared === true
      ? 'kind.cleared'
      : recheck.cleared === false
        ? 'kind.still_there'
        : 'kind.unseen'
    : null;
  return (
    <Paper withBorder p="sm">
      <Title order={2} size="h5" mb="xs">
        {t(recheck ? 'recheck.title' : 'recheck.reported')}
        {outcome && ` · ${t(outcome)}`}
      </Title>
      {bundle.data && files.length === 0 && <Alert color="yellow">{t('recheck.gone')}</Alert>}
      <SimpleGrid cols={{ base: 1, sm: pictures.length }} spacing="xs">
        {pictures.map(({ key, file }) =>
          file ? (
            <figure key={key} style={{ margin: 0 }}>
              <Picture src={`/api/v1/evidence/${shown.evidence}/files/${file.name}`} alt={t(`recheck.${key}`)} />
              <Text component="figcaption" size="xs" c="dimmed" mt={4}>
                {t(`recheck.${key}`)} · <Moment at={file.wall} seconds />
              </Text>
            </figure>
          ) : null,
        )}
      </SimpleGrid>
    </Paper>
  );
}

/** A picture that may be gone. */
function Picture({ src, alt }: { src: string; alt: string }) {
  const { t } = useTranslation('platform');
  const [gone, setGone] = useState(false);
  if (gone) return <Alert color="yellow">{t('recheck.gone')}</Alert>;
  return (
    <a href={src} target="_blank" rel="noreferrer">
      <Image src={src} alt={alt} bg="var(--desk-picture)" mah={340} fit="contain" onError={() => setGone(true)} />
    </a>
  );
}
