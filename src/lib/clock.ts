/** Time, passed in wherever it is needed, so that tests control it. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. It jumps when the clock is set: use it for display only. */
  now(): number;
  /** Milliseconds since an arbitrary moment, without jumps: use it for durations and deadlines. */
  monotonic(): number;
  /** Runs `task` once, after `ms` milliseconds. Returns a function that cancels it, at any time. */
  after(ms: number, task: () => void): () => void;
}

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, task) => {
    if (ms > MAX_TIMER_MS) return afterLong(ms, task);
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Longest timer of Node.js, 24.8 days. A longer one would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function afterLong(ms: number, task: () => void): () => void {
  let cancel = systemClock.after(MAX_TIMER_MS, () => {
    cancel = systemClock.after(ms - MAX_TIMER_MS, task);
  });
  return () => cancel();
}

/** Waits `ms` milliseconds, or until the signal aborts. Never rejects. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(ms, finish);
    signal.addEventListener('abort', finish, { once: true });
  });
}

/** Resolves or rejects like a promise, or resolves with null after `ms` milliseconds. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | null> {
  const limit = new AbortController();
  try {
    return await Promise.race([promise, sleep(clock, ms, limit.signal).then(() => null)]);
  } finally {
    limit.abort();
  }
}

/** Resolves when the signal aborts, at once if it is aborted already. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** A signal that follows another one and can be aborted separately. */
export interface AbortScope {
  readonly signal: AbortSignal;
  /** Aborts the signal and removes the listener from the outer one. May be called repeatedly. */
  end(): void;
}

/** Creates a scope within a signal. The caller must end it. */
export function createAbortScope(outer: AbortSignal): AbortScope {
  const controller = new AbortController();
  const end = () => {
    outer.removeEventListener('abort', end);
    controller.abort();
  };
  outer.addEventListener('abort', end, { once: true });
  if (outer.aborted) end();
  return { signal: controller.signal, end };
}

/** A scope that ends when its time is over. */
export interface Deadline extends AbortScope {
  /** Whether the scope ended because its time was over. */
  readonly expired: boolean;
  /** Removes the time limit; the scope stays open. May be called repeatedly. */
  lift(): void;
}

/** Creates a scope that ends after `ms` milliseconds. */
export function createDeadline(clock: Clock, ms: number, outer: AbortSignal): Deadline {
  const scope = createAbortScope(outer);
  let expired = false;
  const cancel = clock.after(ms, () => {
    expired = true;
    scope.end();
  });
  // No timer is left, however the scope ends.
  scope.signal.addEventListener('abort', cancel, { once: true });
  if (scope.signal.aborted) cancel();

  return {
    signal: scope.signal,
    get expired() {
      return expired;
    },
    lift: cancel,
    end: scope.end,
  };
}
