import { Button, Group } from '@mantine/core';
import { MonthPickerInput } from '@mantine/dates';
import { IconPrinter } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';
import { serverNow } from '@/app/session/clock';
import { useSession } from '@/app/session/session';
import { useDayProps } from '@/components/days';
import { Page } from '@/components/page';
import { ProblemText } from '@/components/problem-text';
import { Waiting } from '@/components/waiting';
import { beginOf, dayOf, isMonth, plusMonths } from './period';
import { ReportSheet } from './report-sheet';
import { useAgreement, useReport } from './wire';

/** The report of a month (考核), as it will be printed. */
export function ReportPage() {
  const { t } = useTranslation('supervisor');
  const dayProps = useDayProps();
  const { month: wanted } = useParams();
  const navigate = useNavigate();
  const { utc_offset } = useSession();
  const present = dayOf(serverNow(), utc_offset).slice(0, 7);
  // A month is reported when it is over.
  const month = isMonth(wanted) ? wanted : plusMonths(present, -1);
  const report = useReport(month);
  const begin = (of: string) => beginOf(`${of}-01`, utc_offset);
  const agreement = useAgreement(begin(month), begin(plusMonths(month, 1)));
  return (
    <Page
      title={t('report.page')}
      aside={
        <Group gap="xs">
          <MonthPickerInput
            size="xs"
            w={140}
            aria-label={t('report.month')}
            {...dayProps}
            valueFormat="YYYY-MM"
            maxDate={`${present}-01`}
            value={`${month}-01`}
            onChange={(day) => {
              if (day) void navigate(`/supervisor/report/${day.slice(0, 7)}`);
            }}
          />
          <Button
            size="xs"
            leftSection={<IconPrinter size={14} aria-hidden />}
            disabled={!report.data}
            onClick={() => window.print()}
          >
            {t('report.print')}
          </Button>
        </Group>
      }
    >
      <ProblemText error={report.error} />
      {report.isPending && <Waiting />}
      {report.data && <ReportSheet report={report.data} agreement={agreement.data} />}
    </Page>
  );
}
