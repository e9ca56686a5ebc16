import { VisuallyHidden } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { heatStep } from '../numbers';
import classes from './hour-map.module.css';
import './plots.css';

const STEPS = 6;
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const sum = (counts: readonly number[]) => counts.reduce((whole, count) => whole + count, 0);

/** A week by hours: a plot that is a table already. Monday first, the city's time. */
export function HourMap({ hours }: { hours: number[][] }) {
  const { t } = useTranslation('supervisor');
  const days = t('weekdays', { returnObjects: true }) as string[];
  const most = Math.max(0, ...hours.flat());
  return (
    <table className={classes.map}>
      <VisuallyHidden component="caption">{t('hot_spots.map')}</VisuallyHidden>
      <thead>
        <tr>
          <th scope="col" className={classes.day}>
            {t('hot_spots.hour')}
          </th>
          {HOURS.map((hour) => (
            <th key={hour} scope="col">
              {hour}
            </th>
          ))}
          <th scope="col" className={classes.sum}>
            {t('hot_spots.sum')}
          </th>
        </tr>
      </thead>
      <tbody>
        {hours.map((counts, day) => (
          <tr key={day}>
            <th scope="row">{days[day]}</th>
            {counts.map((count, hour) => (
              <td key={hour} data-step={heatStep(count, most, STEPS)}>
                {count > 0 ? count : ''}
              </td>
            ))}
            <th scope="row" className={classes.sum}>
              {sum(counts)}
            </th>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
