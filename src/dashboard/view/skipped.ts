import { type ReadonlySignal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

/**
 * Whether the browser skips drawing an element with `content-visibility: auto`, since it is far from what is seen (CSS
 * Containment, level 2). False where a browser does not tell.
 */
export function useSkipped(element: RefObject<HTMLElement | null>): ReadonlySignal<boolean> {
  const isSkipped = useSignal(false);
  // Before the first frame, which brings the first event.
  useLayoutEffect(() => {
    const { current } = element;
    const note = (event: Event) => {
      isSkipped.value = 'skipped' in event && event.skipped === true;
    };
    current?.addEventListener('contentvisibilityautostatechange', note);
    return () => current?.removeEventListener('contentvisibilityautostatechange', note);
  }, [element, isSkipped]);
  return isSkipped;
}
