import { ReactCompareSlider } from 'react-compare-slider';
import { useTranslation } from 'react-i18next';
import { Picture } from './picture';
import classes from './stage.module.css';

interface Props {
  reference: string;
  latest: string;
  aspect: number;
  onShown?: (() => void) | undefined;
}

/** The clean reference under the latest picture, with a handle between them that the arrow keys move too. */
export function Compare({ reference, latest, aspect, onShown }: Props) {
  const { t } = useTranslation('review');
  return (
    <div className={classes.fitted} style={{ '--aspect': aspect } as React.CSSProperties}>
      <ReactCompareSlider
        className={classes.compare}
        keyboardIncrement="5%"
        itemOne={<Picture url={reference} alt={t('picture.reference')} aspect={aspect} />}
        itemTwo={<Picture url={latest} alt={t('picture.latest')} aspect={aspect} onShown={onShown} />}
      />
      <span className={classes.before}>{t('picture.reference')}</span>
      <span className={classes.after}>{t('picture.latest')}</span>
    </div>
  );
}
