import { Checkbox, Group, Switch, TagsInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { areasQuery } from '@/api/areas';
import { type Rights, ROLES } from './wire';

interface Props {
  rights: Rights;
  onChange: (rights: Rights) => void;
  error?: string | null;
}

/** Roles, areas, and whether faces and plates may be seen. */
export function RightsFields({ rights, onChange, error }: Props) {
  const { t } = useTranslation(['administration', 'common']);
  const areas = useQuery(areasQuery);
  return (
    <>
      <Checkbox.Group
        label={t('rights.roles')}
        error={error}
        withAsterisk
        value={rights.roles}
        onChange={(roles) => onChange({ ...rights, roles: roles })}
      >
        <Group gap="sm" mt={4}>
          {ROLES.map((role) => (
            <Checkbox key={role} value={role} label={t(`common:role.${role}`)} />
          ))}
        </Group>
      </Checkbox.Group>
      <Switch
        label={t('rights.all_areas')}
        checked={rights.areas == null}
        onChange={(change) => onChange({ ...rights, areas: change.currentTarget.checked ? null : [] })}
      />
      {rights.areas != null && (
        <TagsInput
          label={t('rights.areas')}
          description={t('rights.areas_help')}
          data={(areas.data ?? []).map((area) => area.name)}
          value={rights.areas}
          onChange={(next) => onChange({ ...rights, areas: next })}
        />
      )}
      <Switch
        label={t('rights.may_unmask')}
        description={t('rights.may_unmask_help')}
        checked={rights.may_unmask}
        onChange={(change) => onChange({ ...rights, may_unmask: change.currentTarget.checked })}
      />
    </>
  );
}

/** The same, to be read. */
export function RightsText({ rights }: { rights: Rights }) {
  const { t } = useTranslation(['administration', 'common']);
  const parts = [
    rights.areas == null
      ? t('rights.everywhere')
      : rights.areas.length === 0
        ? t('rights.nowhere')
        : rights.areas.join(t('common:list_separator')),
    ...(rights.may_unmask ? [t('rights.may_unmask')] : []),
  ];
  return (
    <>
      {rights.roles.map((role) => t(`common:role.${role}`)).join(t('common:list_separator'))}
      <br />
      <small>{parts.join(' · ')}</small>
    </>
  );
}
