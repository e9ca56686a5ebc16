import { Button, Menu, SegmentedControl, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { IconChevronDown, IconKey, IconLogout, IconUser } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { changeLanguage, LANGUAGES, type Language } from '@/i18n';
import { Name } from '@/components/name';
import { PasswordDialogue } from '../session/password-dialogue';
import { leave, useSession } from '../session/session';

const SCHEMES: MantineColorScheme[] = ['light', 'dark', 'auto'];

/** Who I am, the language, the scheme, the password, the way out. */
export function AccountMenu() {
  const { t, i18n } = useTranslation();
  const { account, version } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [asksPassword, setAsksPassword] = useState(false);
  const navigate = useNavigate();
  const out = useMutation({ mutationFn: leave, onSuccess: () => navigate('/login') });
  return (
    <>
      <Menu position="bottom-end" width={260} withinPortal closeOnItemClick={false}>
        <Menu.Target>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            leftSection={<IconUser size={16} aria-hidden />}
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            <Name maw="10rem">{account.display_name || account.name}</Name>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {account.roles.map((role) => t(`role.${role}`)).join(t('list_separator'))}
            <br />
            {t('areas', { areas: account.areas?.join(t('list_separator')) ?? t('all_areas') })}
          </Menu.Label>
          <Menu.Divider />
          <Menu.Label>{t('language.label')}</Menu.Label>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label={t('language.label')}
            value={i18n.language as Language}
            data={LANGUAGES.map((value) => ({ value, label: t(`language.${value}`) }))}
            onChange={(value) => void changeLanguage(value)}
          />
          <Menu.Label>{t('scheme.label')}</Menu.Label>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label={t('scheme.label')}
            value={colorScheme}
            data={SCHEMES.map((value) => ({ value, label: t(`scheme.${value}`) }))}
            onChange={(value) => setColorScheme(value)}
          />
          <Menu.Divider mt="xs" />
          <Menu.Item
            leftSection={<IconKey size={16} aria-hidden />}
            closeMenuOnClick
            onClick={() => setAsksPassword(true)}
          >
            {t('password.change')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconLogout size={16} aria-hidden />}
            closeMenuOnClick
            disabled={out.isPending}
            onClick={() => out.mutate()}
          >
            {t('log_out')}
          </Menu.Item>
          <Menu.Label>{t('version', { version })}</Menu.Label>
        </Menu.Dropdown>
      </Menu>
      <PasswordDialogue opened={asksPassword} onClose={() => setAsksPassword(false)} />
    </>
  );
}
