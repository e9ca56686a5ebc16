// Zoom and pan of the stage by d3-zoom: wheel, drag, pinch and keys. The transform goes straight to the element's style;
// React draws nothing while somebody drags.
import { select } from 'd3-selection';
import { zoom, zoomIdentity, zoomTransform, type ZoomBehavior } from 'd3-zoom';
import { useEffect, useMemo, useState } from 'react';

const SCALE_MAX = 12;
const STEP = 1.5;

export interface Zoom {
  /** The frame that takes wheel and drag. */
  setFrame: (element: HTMLDivElement | null) => void;
  /** What is moved in it. */
  setContent: (element: HTMLDivElement | null) => void;
  closer: () => void;
  further: () => void;
  reset: () => void;
  /** Whether less than the whole is shown. */
  isClose: boolean;
}

export function useZoom(): Zoom {
  const [content, setContent] = useState<HTMLDivElement | null>(null);
  const [frame, setFrame] = useState<HTMLDivElement | null>(null);
  const [isClose, setClose] = useState(false);
  const behaviour = useMemo(
    (): ZoomBehavior<HTMLDivElement, unknown> => zoom<HTMLDivElement, unknown>().scaleExtent([1, SCALE_MAX]),
    [],
  );
  useEffect(() => {
    if (!frame || !content) return;
    const { width, height } = frame.getBoundingClientRect();
    behaviour.translateExtent([
      [0, 0],
      [width, height],
    ]);
    // The controls of a whole clip take the mouse themselves.
    behaviour.filter(
      (event: MouseEvent) =>
        (!event.ctrlKey || event.type === 'wheel') &&
        !event.button &&
        !(event.type === 'mousedown' && event.target instanceof HTMLVideoElement && zoomTransform(frame).k === 1),
    );
    behaviour.on('zoom', ({ transform }: { transform: typeof zoomIdentity }) => {
      content.style.transform = `translate(${transform.x}px, ${transform.y}px) scale(${transform.k})`;
      setClose(transform.k > 1);
    });
    const selection = select(frame);
    selection.call(behaviour);
    return () => void selection.on('.zoom', null);
  }, [frame, content, behaviour]);
  // The same functions however close it is: whoever depends on one of them must not run anew while somebody zooms.
  const acts = useMemo(() => {
    const scaleBy = (k: number) => frame && behaviour.scaleBy(select(frame), k);
    return {
      setFrame,
      setContent,
      closer: () => void scaleBy(STEP),
      further: () => void scaleBy(1 / STEP),
      reset: () => void (frame && behaviour.transform(select(frame), zoomIdentity)),
    };
  }, [frame, behaviour]);
  return useMemo(() => ({ ...acts, isClose }), [acts, isClose]);
}
