import classes from './stage.module.css';

interface Props {
  /** The thing, in fractions of the picture. */
  bbox: number[] | null;
  /** The zone, in fractions of the reference picture. */
  polygon: number[][] | null;
}

/** What is drawn over a picture. Lines keep their width at every zoom. */
export function Boxes({ bbox, polygon }: Props) {
  const [x0, y0, x1, y1] = bbox ?? [];
  return (
    <svg className={classes.boxes} viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden>
      {polygon && polygon.length > 2 && (
        <polygon className={classes.zone} points={polygon.map((corner) => corner.join(',')).join(' ')} />
      )}
      {x0 !== undefined && y0 !== undefined && x1 !== undefined && y1 !== undefined && (
        <>
          <rect className={classes.halo} x={x0} y={y0} width={x1 - x0} height={y1 - y0} />
          <rect className={classes.box} x={x0} y={y0} width={x1 - x0} height={y1 - y0} />
        </>
      )}
    </svg>
  );
}
