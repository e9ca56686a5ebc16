// Many cameras from one CSV file: first a dry run that says what each line would do and what is wrong with it, then all
// or nothing. The server reads the file, so that what is shown is what will be done.
import { Alert, Anchor, Badge, Button, FileButton, Group, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { IconDownload, IconFileImport } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useRef, useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { api, body, type Schemas } from '@/api/client';
import { isProblem, type Fault } from '@/api/problem';
import { announce } from '@/components/announce';
import { Name } from '@/components/name';
import { ProblemText } from '@/components/problem-text';
import { useRefusalWords } from '@/components/refusal-words';
import classes from './import-page.module.css';

type ImportRow = Schemas['ImportedRowOut'];
type Imported = Schemas['ImportOut'];
type Action = ImportRow['action'];

/** What the server takes at most. */
const BYTES_MAX = 8_000_000;
const COLOURS: Record<Action, string> = { add: 'teal', change: 'blue', same: 'gray', refused: 'red' };

export function ImportPage() {
  const { t } = useTranslation('operator');
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [isOver, setIsOver] = useState(false);
  const words = useLineWords();
  const sending = useMutation({
    mutationFn: ({ file, dryRun }: { file: File; dryRun: boolean }) =>
      body(
        api.POST('/api/v1/streams/import', {
          params: { query: { dry_run: dryRun } },
          headers: { 'content-type': 'text/csv' },
          body: '',
          // The file as it is: its bytes may be GBK.
          bodySerializer: () => file,
        }),
      ),
    onSuccess: async (result) => {
      if (!result.applied) return;
      announce(t('import.applied', { add: result.add, change: result.change }));
      await client.invalidateQueries({ queryKey: ['streams'] });
      await client.invalidateQueries({ queryKey: ['views'] });
    },
  });
  const take = (next: File | null) => {
    if (!next) return;
    setFile(next);
    sending.reset();
    if (next.size <= BYTES_MAX) sending.mutate({ file: next, dryRun: true });
  };
  const result = sending.data;
  const isTooLarge = file !== null && file.size > BYTES_MAX;
  const changes = result ? result.add + result.change : 0;
  return (
    <div className={classes.page}>
      <Group justify="space-between" wrap="nowrap">
        <Title order={1} size="h3">
          {t('import.title')}
        </Title>
        <Anchor href="/api/v1/streams/import/template" download="xunjie-cameras.csv" size="sm">
          <Group gap={4} wrap="nowrap">
            <IconDownload size={15} aria-hidden />
            {t('import.template')}
          </Group>
        </Anchor>
      </Group>
      <Text size="sm" c="dimmed">
        {t('import.means')}
      </Text>
      {/* Dropping is a second way; the button is the one that keys reach. */}
      {/* eslint-disable-next-line jsx-a11y/no-static-element-interactions */}
      <div
        className={classes.drop}
        data-over={isOver || undefined}
        onDragOver={(event: DragEvent) => {
          event.preventDefault();
          setIsOver(true);
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={(event: DragEvent) => {
          event.preventDefault();
          setIsOver(false);
          take(event.dataTransfer.files[0] ?? null);
        }}
      >
        <FileButton onChange={take} accept=".csv,text/csv,text/plain">
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconFileImport size={16} aria-hidden />}>
              {t('import.choose')}
            </Button>
          )}
        </FileButton>
        {file ? <Name size="sm">{file.name}</Name> : <Text size="sm">{t('import.or_drop')}</Text>}
      </div>
      {isTooLarge && (
        <Alert color="red" variant="light" role="alert">
          {t('import.too_large', { megabytes: (file.size / 1_000_000).toFixed(1) })}
        </Alert>
      )}
      {isProblem(sending.error, 422) && sending.error.faults.length > 0 ? (
        <Alert color="red" variant="light" role="alert" title={t('import.unreadable')}>
          {sending.error.faults.map((fault, index) => (
            <Text key={index} size="sm" className={classes.fault}>
              {words(fault)}
            </Text>
          ))}
        </Alert>
      ) : (
        <ProblemText error={sending.error} />
      )}
      {sending.isPending && (
        <Text size="sm" c="dimmed" role="status">
          {t('import.reading')}
        </Text>
      )}
      {result && (
        <>
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm" role="status">
              {t(result.applied ? 'import.was_applied' : 'import.would', {
                add: result.add,
                change: result.change,
                same: result.same,
                refused: result.refused,
                encoding: result.encoding === 'gbk' ? 'GBK' : 'UTF-8',
              })}
            </Text>
            {!result.applied && (
              <Button
                disabled={result.refused > 0 || changes === 0}
                loading={sending.isPending}
                onClick={() => file && sending.mutate({ file, dryRun: false })}
              >
                {t('import.apply', { count: changes })}
              </Button>
            )}
          </Group>
          {result.refused > 0 && (
            <Alert color="red" variant="light" role="alert">
              {t('import.refused', { count: result.refused })}
            </Alert>
          )}
          <Lines key={`${file?.name} ${result.applied}`} result={result} />
        </>
      )}
    </div>
  );
}

/** A fault of a line: the column as the file names it, what is wanted, and what stood there. */
function useLineWords() {
  const { t } = useTranslation('operator');
  const words = useRefusalWords();
  return (fault: Fault) => {
    const got = fault.got ? t('import.got', { got: fault.got }) : '';
    return `${fault.field}${t('import.colon')}${words.want(fault)}${got}`;
  };
}

function Lines({ result }: { result: Imported }) {
  const { t } = useTranslation('operator');
  const [shown, setShown] = useState<Action | 'all'>(result.refused > 0 ? 'refused' : 'all');
  const rows = useMemo(() => result.rows.filter(({ action }) => shown === 'all' || action === shown), [result, shown]);
  const scroller = useRef<HTMLDivElement>(null);
  // eslint-disable-next-line react-hooks/incompatible-library -- the list is drawn by this component alone
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => 36 + Math.max(0, (rows[index]?.faults.length ?? 0) - 1) * 18,
    overscan: 10,
  });
  const words = useLineWords();
  return (
    <Stack gap="xs" flex={1} mih={0}>
      <SegmentedControl
        size="xs"
        style={{ alignSelf: 'flex-start' }}
        aria-label={t('import.show')}
        value={shown}
        onChange={(value) => setShown(value)}
        data={(['all', 'refused', 'add', 'change', 'same'] as const).map((value) => ({
          value,
          label: t(`import.action.${value}`, { count: value === 'all' ? result.rows.length : result[value] }),
        }))}
      />
      <div className={classes.table} role="table" aria-label={t('import.lines')} aria-rowcount={rows.length + 1}>
        <div role="row" className={classes.head}>
          {(['line', 'action', 'code', 'name', 'faults'] as const).map((column) => (
            <div key={column} role="columnheader">
              {t(`import.column.${column}`)}
            </div>
          ))}
        </div>
        {/* A region that scrolls is reached by keys, so that they can scroll it. */}
        {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <div ref={scroller} className={classes.scroller} role="rowgroup" tabIndex={0} aria-label={t('import.lines')}>
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
            {virtual.getVirtualItems().map((item) => {
              const row = rows[item.index];
              if (!row) return null;
              return (
                <div
                  key={item.key}
                  role="row"
                  aria-rowindex={item.index + 2}
                  ref={virtual.measureElement}
                  data-index={item.index}
                  className={classes.line}
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <div role="cell">{row.line}</div>
                  <div role="cell">
                    <Badge size="sm" variant="light" color={COLOURS[row.action]}>
                      {t(`import.did.${row.action}`)}
                    </Badge>
                  </div>
                  <div role="cell">
                    <Name size="sm">{row.code || '—'}</Name>
                  </div>
                  <div role="cell">
                    <Name size="sm">{row.name || '—'}</Name>
                  </div>
                  <div role="cell">
                    {row.faults.map((fault, index) => (
                      <Text key={index} size="xs" className={classes.fault}>
                        {words(fault)}
                      </Text>
                    ))}
                  </div>
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </Stack>
  );
}
