import { useEffect, useMemo, useState } from 'react';

/** A picture that is decoded; null until then, and where it cannot be. */
export function useImage(url: string): HTMLImageElement | null {
  const [loaded, setLoaded] = useState<HTMLImageElement | null>(null);
  const image = useMemo(() => {
    const image = new Image();
    image.src = url;
    return image;
  }, [url]);
  useEffect(() => {
    let wanted = true;
    image.decode().then(
      () => wanted && setLoaded(image),
      () => wanted && setLoaded(null),
    );
    return () => {
      wanted = false;
    };
  }, [image]);
  return loaded;
}
