import { Center, Loader } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

/** What is quick needs no sign that it takes long. */
const SHOWN_AFTER_MS = 250;

/** Something is being fetched. */
export function Waiting() {
  const { t } = useTranslation();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setShown(true), SHOWN_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <Center h="100%" mih={120} role="status" aria-label={t('waiting')}>
      {shown && <Loader size="sm" type="dots" />}
    </Center>
  );
}
