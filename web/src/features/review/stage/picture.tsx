import { Text } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './stage.module.css';

interface Props {
  url: string;
  alt: string;
  /** Width by height, so that what is drawn over it lies right before it has come. */
  aspect: number;
  onShown?: (() => void) | undefined;
  children?: ReactNode;
}

/** One picture as large as its frame allows; says so when it is gone. */
export function Picture({ url, alt, aspect, onShown, children }: Props) {
  const { t } = useTranslation('review');
  const [gone, setGone] = useState<string | null>(null);
  if (gone === url) {
    return (
      <div className={classes.gone} role="alert">
        <Text fw={600}>{t('picture.gone')}</Text>
        <Text size="sm">{t('picture.gone_help')}</Text>
      </div>
    );
  }
  return (
    <div className={classes.fitted} style={{ '--aspect': aspect } as React.CSSProperties}>
      <img
        // One that was fetched ahead is there at once and needs no further round through the browser.
        ref={(image) => {
          if (image?.complete && image.naturalWidth > 0) onShown?.();
        }}
        src={url}
        alt={alt}
        className={classes.image}
        draggable={false}
        decoding="sync"
        onLoad={onShown}
        onError={() => {
          setGone(url);
          // A verdict is possible without this picture: the others may be there.
          onShown?.();
        }}
      />
      {children}
    </div>
  );
}
