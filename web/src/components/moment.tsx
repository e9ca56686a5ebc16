import { useSession } from '@/app/session/session';
import { cityTime } from './city-time';

/** An instant by the city's clock. */
export function Moment({ at, seconds = false }: { at: string | null | undefined; seconds?: boolean }) {
  const { utc_offset } = useSession();
  if (!at) return <>–</>;
  return (
    <time dateTime={at} style={{ whiteSpace: 'nowrap' }}>
      {cityTime(at, utc_offset, seconds)}
    </time>
  );
}
