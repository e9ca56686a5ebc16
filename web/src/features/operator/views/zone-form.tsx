// What a zone says: its name, kind, matters, hours, validity and corners. Faults stand beside their field, at once.
import { Alert, Button, Checkbox, Group, Radio, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Matter } from '../data';
import { NO_HOURS } from '../hours/hours';
import { WeekGrid } from '../hours/week-grid';
import { useTimes } from '@/components/time';
import { fromCivil, toCivil } from '@/components/city-time';
import { CornerTable } from '../zones/corner-table';
import { draftFaults, isMask, KINDS, takesHours, type Draft, type DraftFault } from '../zones/drafts';
import { Versions } from './versions';

interface Props {
  draft: Draft;
  matters: readonly Matter[];
  onPatch: (patch: Partial<Draft>) => void;
  onRemove: () => void;
}

/** The words of a fault. */
export function useFaultWords() {
  const { t } = useTranslation('operator');
  return (fault: DraftFault): string => {
    if (fault.field !== 'outline') return t(`fault.${fault.field}.${fault.kind}`);
    const { fault: outline } = fault;
    switch (outline.kind) {
      case 'too_few':
      case 'too_many':
        return t(`fault.outline.${outline.kind}`, { corners: outline.corners });
      case 'outside':
        return t('fault.outline.outside', { corner: outline.corner });
      case 'crosses':
        return t('fault.outline.crosses', { edge: outline.edge, other: outline.other });
      case 'flat':
        return t('fault.outline.flat');
    }
  };
}

export function ZoneForm({ draft, matters, onPatch, onRemove }: Props) {
  const { t } = useTranslation('operator');
  const { offset } = useTimes();
  const words = useFaultWords();
  const faults = draftFaults(draft);
  const faultOf = (field: DraftFault['field']) => {
    const fault = faults.find((fault) => fault.field === field);
    return fault && words(fault);
  };
  const all = matters.map(({ key }) => key);
  const outline = faultOf('outline');

  return (
    <Stack gap="sm">
      <TextInput
        size="xs"
        label={t('zone.name')}
        value={draft.name}
        error={faultOf('name')}
        onChange={(event) => onPatch({ name: event.currentTarget.value })}
      />
      <Radio.Group
        label={t('zone.kind')}
        size="xs"
        value={draft.kind}
        onChange={(kind) => onPatch({ kind: kind, hours: takesHours(kind) ? draft.hours : null })}
      >
        <Stack gap={8} mt={4}>
          {KINDS.map((kind) => (
            <Radio key={kind} size="xs" value={kind} label={t(`kind.${kind}`)} description={t(`kind.${kind}_means`)} />
          ))}
        </Stack>
      </Radio.Group>
      <Checkbox.Group
        size="xs"
        label={t('zone.matters')}
        description={isMask(draft, all) ? t('zone.is_mask') : undefined}
        error={faultOf('matters')}
        value={[...draft.matters]}
        onChange={(chosen) => onPatch({ matters: all.filter((key) => chosen.includes(key)) })}
      >
        <Stack gap={8} mt={4}>
          {matters.map(({ key, name, code_2026 }) => (
            <Checkbox key={key} size="xs" value={key} label={`${name}（${code_2026}）`} />
          ))}
        </Stack>
      </Checkbox.Group>
      {takesHours(draft.kind) && (
        <div>
          <Text size="xs" fw={500} mb={4}>
            {t('zone.hours')}
          </Text>
          {draft.kind === 'controlled' && (
            <SegmentedControl
              size="xs"
              mb={6}
              aria-label={t('zone.hours')}
              value={draft.hours ? 'hours' : 'always'}
              data={[
                { value: 'always', label: t('zone.always') },
                { value: 'hours', label: t('zone.in_hours') },
              ]}
              onChange={(value) => onPatch({ hours: value === 'hours' ? NO_HOURS : null })}
            />
          )}
          {(draft.hours ?? (draft.kind === 'permitted' ? NO_HOURS : null)) && (
            <WeekGrid hours={draft.hours ?? NO_HOURS} onChange={(hours) => onPatch({ hours })} />
          )}
          {faultOf('hours') && (
            <Text size="xs" c="red" role="alert" mt={4}>
              {faultOf('hours')}
            </Text>
          )}
        </div>
      )}
      <Group gap="xs" grow align="flex-start">
        <TextInput
          size="xs"
          type="datetime-local"
          label={t('zone.valid_from')}
          value={draft.validFrom ? toCivil(draft.validFrom, offset) : ''}
          onChange={(event) => onPatch({ validFrom: fromCivil(event.currentTarget.value, offset) })}
        />
        <TextInput
          size="xs"
          type="datetime-local"
          label={t('zone.valid_until')}
          value={draft.validUntil ? toCivil(draft.validUntil, offset) : ''}
          error={faultOf('validity')}
          onChange={(event) => onPatch({ validUntil: fromCivil(event.currentTarget.value, offset) })}
        />
      </Group>
      {outline && (
        <Alert color="red" variant="light" role="alert" p="xs">
          {outline}
        </Alert>
      )}
      <CornerTable outline={draft.outline} onOutline={(outline) => onPatch({ outline })} />
      <Group justify="space-between">
        <Text size="xs" c="dimmed">
          {draft.version === null ? t('zone.new') : t('zone.version', { version: draft.version })}
        </Text>
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          leftSection={<IconTrash size={14} aria-hidden />}
          onClick={onRemove}
        >
          {t('zone.remove')}
        </Button>
      </Group>
      {draft.id !== null && <Versions zone={draft.id} version={draft.version} onTake={onPatch} />}
    </Stack>
  );
}
