import { nanoseconds } from '../processes/usage.js';
import { STREAM, type UpdateKey } from './find-update.js';

/** Counts since the last `reset`. */
export interface Received {
  /** Number of payloads. Each carries one update or several. */
  readonly payloads: number;
  /** Updates that did not arrive, and were not counted by `conflated` of the next payload. */
  readonly lost: number;
  /** Updates that were merged into the next payload and counted by `conflated`. */
  readonly conflated: number;
  /** Updates that arrived twice or out of order. */
  readonly repeated: number;
}

/** Latencies of updates, in milliseconds. */
export interface Latencies {
  readonly count: number;
  readonly sum: number;
  /** An even sample of at most 20,000. */
  readonly samples: readonly number[];
}

/** Tracks the newest update of each subscription. */
export interface UpdateTracker {
  /** Records the payload of an update. `conflated` is read only when updates were skipped. */
  received(subscription: number, update: UpdateKey, conflated: () => number): void;
  /** Resolves with true when every subscription has the n-th update or a newer one, with false after `ms`. */
  reached(n: number, ms: number): Promise<boolean>;
  read(): Received;
  reset(): void;
  /** Starts recording the arrival time of each payload. */
  record(): void;
  /** Latencies since the send times `times[stream][n - first]`. Ends the recording. */
  latencies(first: number, times: readonly (readonly number[])[]): Latencies;
}

/** Creates a tracker of `subscriptions` subscriptions. */
export function createUpdateTracker(subscriptions: number): UpdateTracker {
  const last = new Int32Array(subscriptions).fill(-1);
  let counts = { payloads: 0, lost: 0, conflated: 0, repeated: 0 };
  let waiting: { readonly n: number; left: number; resolve(reached: boolean): void } | null = null;
  let records: { readonly keys: number[]; readonly times: number[] } | null = null;

  return {
    received(subscription, update, conflated) {
      const n = update % STREAM;
      const before = last[subscription] ?? -1;
      counts.payloads += 1;
      records?.keys.push(update);
      records?.times.push(nanoseconds());
      if (n <= before) {
        counts.repeated += 1;
        return;
      }
      if (n !== before + 1 && before !== -1) recordGap(n - before, conflated());
      last[subscription] = n;
      if (waiting && before < waiting.n && n >= waiting.n) countDown();
    },
    reached(n, ms) {
      const left = last.filter((known) => known < n).length;
      if (left === 0) return Promise.resolve(true);
      return new Promise((resolve) => {
        const timer = setTimeout(() => settle(false), ms);
        waiting = { n, left, resolve: settle };

        function settle(reached: boolean): void {
          clearTimeout(timer);
          waiting = null;
          resolve(reached);
        }
      });
    },
    read: () => counts,
    reset() {
      counts = { payloads: 0, lost: 0, conflated: 0, repeated: 0 };
    },
    record() {
      records = { keys: [], times: [] };
    },
    latencies(first, times) {
      const { keys, times: arrivals } = records ?? { keys: [], times: [] };
      records = null;
      return summarizeLatencies(
        keys.flatMap((key, index) => {
          const sent = times[Math.floor(key / STREAM)]?.[(key % STREAM) - first];
          const arrived = arrivals[index];
          return sent === undefined || arrived === undefined ? [] : [(arrived - sent) / 1e6];
        }),
      );
    },
  };

  function recordGap(step: number, conflated: number): void {
    if (conflated === step) counts.conflated += step - 1;
    else counts.lost += step - 1;
  }

  function countDown(): void {
    if (!waiting) return;
    waiting.left -= 1;
    if (waiting.left === 0) waiting.resolve(true);
  }
}

function summarizeLatencies(all: readonly number[]): Latencies {
  const every = Math.ceil(all.length / 20_000);
  return {
    count: all.length,
    sum: all.reduce((sum, ms) => sum + ms, 0),
    samples: all.filter((_, index) => index % every === 0),
  };
}
