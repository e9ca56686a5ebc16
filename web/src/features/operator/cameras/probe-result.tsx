// What trying a camera found, in plain words, with its picture where the answer has one.
import { Alert, Table, Text } from '@mantine/core';
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '@/api/client';
import classes from './probe-result.module.css';

export type Probed = Schemas['Probed'];

/** As far as it is told; every part may be missing. */
interface Details {
  transport?: string | null;
  codec?: string | null;
  width?: number | null;
  height?: number | null;
  fps?: number | null;
  key_interval_ms?: number | null;
  first_frame_ms?: number | null;
  skew_ms?: number | null;
  auth_needed?: boolean | null;
  attempts?: { transport: string; failure: string | null }[];
  explanation?: { zh?: string; en?: string };
}

export function ProbeResult({ probed }: { probed: Probed }) {
  const { t, i18n } = useTranslation('operator');
  const details = probed.details as Details;
  const words = i18n.language === 'en' ? details.explanation?.en : details.explanation?.zh;
  const facts = [
    ['size', details.width && details.height ? `${details.width} × ${details.height}` : null],
    ['codec', details.codec?.replace(/^video\/x-/, '')],
    ['fps', details.fps && Math.round(details.fps * 10) / 10],
    [
      'key_interval',
      details.key_interval_ms && t('probe.seconds', { seconds: (details.key_interval_ms / 1000).toFixed(1) }),
    ],
    ['transport', details.transport && t(`transport.${details.transport}`)],
    ['first_frame', details.first_frame_ms && t('probe.milliseconds', { ms: details.first_frame_ms })],
    ['skew', details.skew_ms != null && t('probe.milliseconds', { ms: details.skew_ms })],
    ['auth', details.auth_needed != null && t(details.auth_needed ? 'probe.auth_needed' : 'probe.auth_open')],
  ].filter((fact): fact is [string, string | number] => Boolean(fact[1]));
  const failed = (details.attempts ?? []).filter(({ failure }) => failure);
  return (
    <Alert
      role="status"
      variant="light"
      color={probed.usable ? 'teal' : 'red'}
      icon={probed.usable ? <IconCircleCheck aria-hidden /> : <IconCircleX aria-hidden />}
      title={t(probed.usable ? 'probe.usable' : 'probe.unusable')}
    >
      <Text size="sm" className={classes.words}>
        {words || probed.summary}
      </Text>
      {probed.picture && <ProbePicture base64={probed.picture} />}
      {facts.length > 0 && (
        <Table className={classes.facts} verticalSpacing={1} withRowBorders={false}>
          <Table.Tbody>
            {facts.map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th scope="row">{t(`probe.fact.${name}`)}</Table.Th>
                <Table.Td>{value}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {failed.map(({ transport, failure }, index) => (
        <Text key={index} size="xs" c="dimmed" className={classes.words}>
          {t('probe.failed', { transport: t(`transport.${transport}`), failure })}
        </Text>
      ))}
    </Alert>
  );
}

/** The picture as a file of the page's own: the content security policy knows no data: addresses. */
function ProbePicture({ base64 }: { base64: string }) {
  const { t } = useTranslation('operator');
  const attach = useCallback(
    (image: HTMLImageElement | null) => {
      if (!image) return;
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const url = URL.createObjectURL(new Blob([bytes], { type: 'image/jpeg' }));
      image.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [base64],
  );
  return <img ref={attach} className={classes.picture} alt={t('probe.picture')} />;
}
