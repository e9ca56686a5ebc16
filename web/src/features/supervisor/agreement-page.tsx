import { Anchor, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { Facts } from '@/components/facts';
import { Moment } from '@/components/moment';
import { Name } from '@/components/name';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { NarrowingBar, useChosen } from './narrowing';
import { kappaWord, percent } from './numbers';
import { type AgreementOut, useAgreement } from './wire';

/** How often a second, blind review says the same as the first. */
export function AgreementPage() {
  const { t } = useTranslation('supervisor');
  const { narrowing } = useChosen();
  const agreement = useAgreement(narrowing.from, narrowing.until);
  return (
    <Page title={t('agreement.title')}>
      <NarrowingBar only={[]} />
      <Text size="sm" c="dimmed">
        {t('agreement.how')}
      </Text>
      <ProblemText error={agreement.error} />
      {agreement.isPending && <Waiting />}
      {agreement.data && <Found agreement={agreement.data} />}
    </Page>
  );
}

function Found({ agreement }: { agreement: AgreementOut }) {
  const { t } = useTranslation('supervisor');
  const { reviewed, agreed, kappa, pairs, disagreements } = agreement;
  return (
    <>
      <Facts
        label={t('agreement.title')}
        facts={[
          { name: t('agreement.reviewed'), value: reviewed },
          { name: t('agreement.agreed'), value: agreed, more: percent(reviewed === 0 ? null : agreed / reviewed) },
          {
            name: t('agreement.kappa'),
            value: kappa == null ? '–' : kappa.toFixed(2),
            more: kappa == null ? t('agreement.no_kappa') : t(`agreement.kappa_${kappaWord(kappa)}`),
          },
        ]}
      />
      {pairs.length > 0 && (
        <Table fz="sm" striped bg="var(--mantine-color-body)" withTableBorder captionSide="top">
          <Table.Caption ta="left" mt={0}>
            {t('agreement.pairs')}
          </Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t('agreement.first')}</Table.Th>
              <Table.Th scope="col">{t('agreement.second')}</Table.Th>
              <Table.Th scope="col" ta="right">
                {t('agreement.reviewed')}
              </Table.Th>
              <Table.Th scope="col" ta="right">
                {t('agreement.agreed')}
              </Table.Th>
              <Table.Th scope="col" ta="right">
                {t('column.share')}
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {pairs.map((pair) => (
              <Table.Tr key={`${pair.first} ${pair.second}`}>
                <Table.Td maw={240}>
                  <Name>{pair.first}</Name>
                </Table.Td>
                <Table.Td maw={240}>
                  <Name>{pair.second}</Name>
                </Table.Td>
                <Table.Td ta="right">{pair.reviewed}</Table.Td>
                <Table.Td ta="right">{pair.agreed}</Table.Td>
                <Table.Td ta="right">{percent(pair.reviewed === 0 ? null : pair.agreed / pair.reviewed)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {disagreements.length > 0 && (
        <Table fz="sm" striped bg="var(--mantine-color-body)" withTableBorder captionSide="top">
          <Table.Caption ta="left" mt={0}>
            {t('agreement.disagreements')}
          </Table.Caption>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t('agreement.incident')}</Table.Th>
              <Table.Th scope="col">{t('agreement.first')}</Table.Th>
              <Table.Th scope="col">{t('agreement.second')}</Table.Th>
              <Table.Th scope="col">{t('agreement.at')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {disagreements.map((one) => (
              <Table.Tr key={`${one.incident} ${one.second_by} ${one.at}`}>
                <Table.Td>
                  <Anchor component={Link} to={`/review/${one.incident}`} size="sm">
                    {one.incident.slice(0, 8)}
                  </Anchor>
                </Table.Td>
                <Table.Td>
                  {one.first_by}：{t(`verdict.${one.first}`, { defaultValue: one.first })}
                </Table.Td>
                <Table.Td>
                  {one.second_by}：{t(`verdict.${one.second}`, { defaultValue: one.second })}
                </Table.Td>
                <Table.Td>
                  <Moment at={one.at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      {reviewed === 0 && <Text c="dimmed">{t('nothing')}</Text>}
    </>
  );
}
