import type { Clock } from '../../clock.js';

/** A time limit on a request, as a signal that ends it. */
export interface Deadline {
  /** Aborts with the outer signal, or when the time is over. */
  readonly signal: AbortSignal;
  /** Whether it was the time that ran out. */
  readonly missed: boolean;
  /** In time: only the outer signal counts from here on. */
  meet(): void;
  /** Nothing is left to abort: lets go of the timer and of the outer signal. */
  release(): void;
}

/** Starts the time limit, in milliseconds. */
export function createDeadline(clock: Clock, ms: number, outer: AbortSignal): Deadline {
  const controller = new AbortController();
  const abort = () => controller.abort();
  let missed = false;
  const cancel = clock.after(ms, () => {
    missed = true;
    abort();
  });
  if (outer.aborted) abort();
  outer.addEventListener('abort', abort, { once: true });

  return {
    signal: controller.signal,
    get missed() {
      return missed;
    },
    meet: cancel,
    release() {
      cancel();
      outer.removeEventListener('abort', abort);
    },
  };
}
