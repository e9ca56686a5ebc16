// What is known about a camera. The credential goes in and never comes out: its fields begin empty, whatever is kept.
import {
  Alert,
  Autocomplete,
  Button,
  Checkbox,
  Fieldset,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlugConnected, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useMatters } from '@/components/matters';
import { areasQuery } from '@/api/areas';
import { isProblem } from '@/api/problem';
import { ProblemText } from '@/components/problem-text';
import { useRefusalWords } from '@/components/refusal-words';
import type { Stream } from '../data';
import { byField } from '../faults';
import { checkValues, FIELDS, movesHost, streamChange, type CameraValues } from './values';
import classes from './camera-page.module.css';

interface Props {
  initial: CameraValues;
  /** Null for one that is not registered yet. */
  stream: Stream | null;
  submitLabel: string;
  problem: unknown;
  isSending: boolean;
  onSubmit: (values: CameraValues) => void;
  isProbing: boolean;
  onProbe: (values: CameraValues) => void;
  onRemove?: () => void;
  /** What trying it found. */
  children: ReactNode;
}

const SYSTEMS = ['cgcs2000', 'wgs84', 'gcj02', 'bd09'] as const;

export function CameraForm({
  initial,
  stream,
  submitLabel,
  problem,
  isSending,
  onSubmit,
  isProbing,
  onProbe,
  onRemove,
  children,
}: Props) {
  const { t } = useTranslation('operator');
  const matters = useMatters();
  const areas = useQuery(areasQuery);
  const form = useForm<CameraValues>({
    initialValues: initial,
    validate: (values) =>
      Object.fromEntries(Object.entries(checkValues(values)).map(([field, key]) => [field, t(`camera.fault.${key}`)])),
  });
  const words = useRefusalWords();
  const { setErrors, values } = form;

  // What the server found stands beside its field, in words.
  useEffect(() => {
    if (!isProblem(problem)) return;
    const found = [...byField(problem.faults, FIELDS).entries()].map(([field, fault]): [string, string] => [
      field,
      words.want(fault),
    ]);
    if (found.length > 0) setErrors(Object.fromEntries(found));
  }, [problem, setErrors, words]);

  const isUntouched = stream !== null && Object.keys(streamChange(values, stream)).length === 0;
  const needsCredential = stream !== null && movesHost(values, stream) && values.username.trim() === '';
  const everyFaultHasAField =
    isProblem(problem, 422) &&
    problem.faults.length > 0 &&
    byField(problem.faults, FIELDS).size >= problem.faults.length;

  return (
    <form onSubmit={form.onSubmit(onSubmit)} noValidate autoComplete="off">
      <Stack gap="md">
        <Fieldset legend={t('camera.identity')}>
          <div className={classes.columns}>
            <TextInput size="sm" label={t('camera.name')} required maxLength={10_000} {...form.getInputProps('name')} />
            <TextInput
              size="sm"
              label={t('camera.code')}
              description={t('camera.code_means')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              required
              {...form.getInputProps('code')}
            />
          </div>
        </Fieldset>
        <Fieldset legend={t('camera.source')}>
          <div className={classes.columns}>
            <TextInput
              size="sm"
              className={classes.wide}
              label={t('camera.url')}
              placeholder="rtsp://10.2.3.4:554/Streaming/Channels/101"
              required
              spellCheck={false}
              {...form.getInputProps('url')}
            />
            <TextInput
              size="sm"
              label={t('camera.username')}
              autoComplete="off"
              spellCheck={false}
              {...form.getInputProps('username')}
            />
            <PasswordInput
              size="sm"
              label={t('camera.password')}
              autoComplete="new-password"
              visibilityToggleButtonProps={{ 'aria-label': t('camera.show_password') }}
              {...form.getInputProps('password')}
            />
            <Text size="xs" c="dimmed" className={classes.wide}>
              {t(stream?.has_credential ? 'camera.credential_kept' : 'camera.credential_means')}
            </Text>
            {needsCredential && (
              <Alert color="yellow" variant="light" p="xs" className={classes.wide}>
                {t('camera.credential_again')}
              </Alert>
            )}
            <Select
              size="sm"
              label={t('camera.transport')}
              allowDeselect={false}
              data={(['auto', 'tcp', 'udp'] as const).map((value) => ({ value, label: t(`transport.${value}_means`) }))}
              {...form.getInputProps('transport')}
            />
            <div style={{ alignSelf: 'end' }}>
              <Button
                variant="default"
                leftSection={<IconPlugConnected size={16} aria-hidden />}
                loading={isProbing}
                disabled={stream !== null && !isUntouched}
                onClick={() => onProbe(values)}
              >
                {t('probe.try')}
              </Button>
              {stream !== null && !isUntouched && (
                <Text size="xs" c="dimmed" component="span" ml="xs">
                  {t('probe.save_first')}
                </Text>
              )}
            </div>
            <div className={classes.wide}>{children}</div>
          </div>
        </Fieldset>
        <Fieldset legend={t('camera.place')}>
          <div className={classes.columns}>
            <NumberInput
              size="sm"
              label={t('camera.longitude')}
              decimalScale={7}
              hideControls
              {...form.getInputProps('longitude')}
            />
            <NumberInput
              size="sm"
              label={t('camera.latitude')}
              decimalScale={7}
              hideControls
              {...form.getInputProps('latitude')}
            />
            <Select
              size="sm"
              label={t('camera.crs')}
              allowDeselect={false}
              data={SYSTEMS.map((value) => ({ value, label: t(`crs.${value}_means`) }))}
              {...form.getInputProps('crs')}
            />
            <TextInput
              size="sm"
              label={t('camera.grid_cell')}
              placeholder="510106001001001"
              inputMode="numeric"
              {...form.getInputProps('grid_cell')}
            />
            <TextInput size="sm" label={t('camera.address')} {...form.getInputProps('address')} />
            <Autocomplete
              size="sm"
              label={t('camera.area')}
              description={t('camera.area_means')}
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              data={(areas.data ?? []).map(({ name }) => name)}
              {...form.getInputProps('area')}
            />
          </div>
        </Fieldset>
        {stream === null && (
          <Fieldset legend={t('camera.looks_for')}>
            <Checkbox.Group {...form.getInputProps('matters')}>
              <Stack gap={8}>
                {matters.map(({ key, name, code_2026 }) => (
                  <Checkbox key={key} size="sm" value={key} label={`${name}（${code_2026}）`} />
                ))}
              </Stack>
            </Checkbox.Group>
            <Text size="xs" c="dimmed" mt="xs">
              {t('camera.looks_for_means')}
            </Text>
          </Fieldset>
        )}
        {!everyFaultHasAField && <ProblemText error={problem} />}
      </Stack>
      <Group className={classes.actions} justify="space-between">
        {onRemove ? (
          <Button variant="subtle" color="red" leftSection={<IconTrash size={16} aria-hidden />} onClick={onRemove}>
            {t('camera.remove')}
          </Button>
        ) : (
          <span />
        )}
        <Button type="submit" loading={isSending} disabled={isUntouched}>
          {submitLabel}
        </Button>
      </Group>
    </form>
  );
}
