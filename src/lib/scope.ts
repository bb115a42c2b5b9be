import type { Clock } from './clock.js';

/** A signal of one's own inside an outer one, so that a part of the work can be ended by itself. */
export interface Scope {
  /** Aborts with the outer signal or at `end()`. */
  readonly signal: AbortSignal;
  /** Ends what runs in the scope and lets go of the outer signal. Twice is harmless. */
  end(): void;
}

/** Opens a scope. Its owner ends it, whatever happens. */
export function createScope(outer: AbortSignal): Scope {
  const controller = new AbortController();
  const end = () => {
    outer.removeEventListener('abort', end);
    controller.abort();
  };
  outer.addEventListener('abort', end, { once: true });
  if (outer.aborted) end();
  return { signal: controller.signal, end };
}

/** A scope that ends by itself when its time is over. */
export interface Deadline extends Scope {
  /** Whether it was the time that ended it. */
  readonly missed: boolean;
  /** In time: from here on it is a scope like any other. Twice is harmless. */
  meet(): void;
}

/** Opens a scope for `ms` milliseconds. */
export function createDeadline(clock: Clock, ms: number, outer: AbortSignal): Deadline {
  const scope = createScope(outer);
  let missed = false;
  const cancel = clock.after(ms, () => {
    missed = true;
    scope.end();
  });
  // However it ends, at that moment no timer is left.
  scope.signal.addEventListener('abort', cancel, { once: true });
  if (scope.signal.aborted) cancel();

  return {
    signal: scope.signal,
    get missed() {
      return missed;
    },
    meet: cancel,
    end: scope.end,
  };
}
