/** Time, passed in wherever it is needed, so that tests move it by hand. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. It jumps when somebody sets the machine's clock: use it for display only. */
  now(): number;
  /** Milliseconds since an arbitrary moment, unaffected by changes of the wall clock: use it to measure durations and deadlines. */
  monotonic(): number;
  /** Runs `task` once, after `ms` milliseconds. Returns its cancel, which is harmless when called twice or too late. */
  after(ms: number, task: () => void): () => void;
}

/** The machine's own time. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, task) => {
    if (ms > LONGEST_TIMER) return afterLong(ms, task);
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
};

const LONGEST_TIMER = 2 ** 31 - 1; // 24.8 days, in milliseconds: what is longer, Node.js would run at once.

function afterLong(ms: number, task: () => void): () => void {
  let cancel = systemClock.after(LONGEST_TIMER, () => {
    cancel = systemClock.after(ms - LONGEST_TIMER, task);
  });
  return () => cancel();
}

/** Waits `ms` milliseconds, or until the signal aborts, whichever is first. Never rejects. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      cancel();
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const cancel = clock.after(ms, wake);
    signal.addEventListener('abort', wake, { once: true });
  });
}
