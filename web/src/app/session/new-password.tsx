import { PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

/** The server refuses less; it is said before anything is sent. */
export const PASSWORD_CHARS_MIN = 12;

/** A new password, twice. Hands it over once both are equal and long enough, null until then. */
export function NewPassword({ onChange }: { onChange: (password: string | null) => void }) {
  const { t } = useTranslation();
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const isShort = [...first].length < PASSWORD_CHARS_MIN;
  const tell = (one: string, two: string) => {
    setFirst(one);
    setSecond(two);
    onChange([...one].length >= PASSWORD_CHARS_MIN && one === two ? one : null);
  };
  return (
    <>
      <PasswordInput
        label={t('password.new')}
        description={t('password.rule', { count: PASSWORD_CHARS_MIN })}
        value={first}
        onChange={(change) => tell(change.currentTarget.value, second)}
        error={first !== '' && isShort ? t('password.short', { count: PASSWORD_CHARS_MIN }) : undefined}
        autoComplete="new-password"
        required
      />
      <PasswordInput
        label={t('password.again')}
        value={second}
        onChange={(change) => tell(first, change.currentTarget.value)}
        error={second !== '' && first !== second ? t('password.differs') : undefined}
        autoComplete="new-password"
        required
      />
    </>
  );
}
