import type { Clock } from '../lib/clock.js';
import type { SessionLog } from '../model/log.js';

/** Gathers the new lines of logs, so that those of a log are sent at intervals of at least 100 ms. */
export interface LogBatches {
  /**
   * Calls the listener after lines were appended to a log: at once, or at the end of the interval. All
   * listeners of a log are called in the same tick. Returns the function that removes it.
   */
  subscribe(log: SessionLog, listener: () => void): () => void;
}

/** Minimum interval between two batches of a log, in milliseconds. Tilt sends at most one in 200 ms. */
export const LOG_BATCH_MS = 100;

/** Listeners of one log. */
interface Batch {
  readonly listeners: Set<() => void>;
  /** Removes the batch from the log, and cancels its timer. */
  end(): void;
}

/** Creates a registry without listeners. It subscribes to a log only while the log has listeners here. */
export function createLogBatches(clock: Pick<Clock, 'monotonic' | 'after'>): LogBatches {
  const batches = new Map<SessionLog, Batch>();

  return {
    subscribe(log, listener) {
      const batch = batches.get(log) ?? open(log);
      // A function of its own, because a listener may be added twice.
      const call = () => listener();
      batch.listeners.add(call);
      return () => {
        if (!batch.listeners.delete(call) || batch.listeners.size > 0) return;
        batch.end();
        batches.delete(log);
      };
    },
  };

  function open(log: SessionLog): Batch {
    const listeners = new Set<() => void>();
    let nextAt = Number.NEGATIVE_INFINITY;
    let cancel: (() => void) | null = null;
    const unsubscribe = log.subscribe(() => {
      if (cancel !== null) return;
      const wait = nextAt - clock.monotonic();
      if (wait <= 0) notify();
      else cancel = clock.after(wait, notify);
    });
    const batch: Batch = {
      listeners,
      end() {
        unsubscribe();
        cancel?.();
      },
    };
    batches.set(log, batch);
    return batch;

    function notify(): void {
      cancel = null;
      nextAt = clock.monotonic() + LOG_BATCH_MS;
      for (const call of [...listeners]) call();
    }
  }
}
