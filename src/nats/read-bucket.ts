import type { StreamState } from '@nats-io/jetstream';
import { createAbortScope, sleep } from '../lib/clock.js';
import type { Bucket } from './bucket.js';
import { type BucketReaderOptions, createBucketReader } from './bucket-reader.js';
import { followPresence } from './follow-presence.js';
import { followStream, readNewest } from './follow-stream.js';
import { followPresenceTime } from './presence-time.js';
import { decodeEntry } from './replay.js';
import type { BucketAddress } from './settings.js';

/**
 * Maximum size of a bucket whose history is read at the beginning. If it is larger, only the newest states
 * are read.
 */
const MAX_HISTORY = { messages: 20_000, bytes: 64 * 2 ** 20 };

/** Delay before a state that could not be read is read again, in milliseconds. */
const RETRY_MS = 1_000;

/** Options of {@link readBucket}. `from`: revision up to which everything was pushed before. */
type ReadOptions = BucketReaderOptions & Pick<BucketAddress, 'subject'> & { readonly from: number };

/** Reads a bucket until the signal aborts or reading fails. */
export async function readBucket(
  bucket: Bucket,
  state: StreamState,
  options: ReadOptions,
  outer: AbortSignal,
): Promise<void> {
  const { clock, subject } = options;
  const scope = createAbortScope(outer);
  const { signal } = scope;
  const reader = createBucketReader(bucket, {
    ...options,
    onMismatch(key) {
      options.onMismatch?.(key);
      void heal(key);
    },
  });
  const readsHistory = state.messages <= MAX_HISTORY.messages && state.bytes <= MAX_HISTORY.bytes;
  // At once: a caller that aborts does not wait until both streams have ended.
  signal.addEventListener('abort', () => reader.dispose(), { once: true });
  reader.begin(!readsHistory, options.from, state.first_seq);
  const run = (task: Promise<void>) => task.finally(() => scope.end());
  try {
    await Promise.all([
      // Presence first, so that no publisher counts as gone whose heartbeat was not read yet.
      run(followPresence({ bucket, subject, reader, clock }, signal)),
      run(followPresenceTime({ bucket, clock }, signal)),
      run(
        followStream(
          {
            bucket,
            stream: bucket.sessionStream,
            subject,
            begin: readsHistory ? 'all' : 'newest',
            mayRepeat: false,
            clock,
            onMessage: (message) => {
              const entry = decodeEntry(message, reader.newest);
              if (entry) reader.take(entry);
            },
            onCaughtUp: () => reader.sessionsCaughtUp(),
          },
          signal,
        ),
      ),
      run(reader.removeExpired(signal)),
    ]);
  } finally {
    scope.end();
  }

  /** Reads the newest state of a key completely, and retries until it is known. */
  async function heal(key: string): Promise<void> {
    while (!signal.aborted && reader.awaitsState(key)) {
      const state = await readNewest(bucket, bucket.sessionStream, key).catch(() => null);
      const entry = state && decodeEntry(state);
      if (entry && !signal.aborted) reader.heal(entry);
      if (reader.awaitsState(key)) await sleep(clock, RETRY_MS, signal);
    }
  }
}
