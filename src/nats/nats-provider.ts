import type { StreamState } from '@nats-io/jetstream';
import { type Clock, createAbortScope, sleep, systemClock, untilAborted } from '../lib/clock.js';
import { type Log, silentLog } from '../lib/log.js';
import { createDeltaCounts } from '../lib/metrics.js';
import { ProviderError } from '../providers/provider.js';
import { type Bucket, openBucket } from './bucket.js';
import { type BucketReaderOptions, createBucketReader } from './bucket-reader.js';
import { connectNats, readCredentials } from './connection.js';
import { decodeEntry, type Entry } from './entry.js';
import { toProviderError } from './errors.js';
import { followPresence } from './follow-presence.js';
import { followStream, readNewest } from './follow-stream.js';
import type { LogChange, LogPosition, LogProvider } from './log-change.js';
import { followPresenceTime } from './presence-time.js';
import {
  type BucketAddress,
  type BucketSettings,
  formatAddress,
  type NatsCredentials,
  parseAddress,
} from './settings.js';

/** Options of {@link createNatsProvider}. */
export interface NatsProviderOptions {
  /** `nats://host[,host…]/BUCKET[/SUBJECT]`, with a subject of keys such as `team-a.>`. */
  readonly address: string;
  /** Name of the provider. Default: the name of the bucket. */
  readonly name?: string;
  /** Default: the system clock. */
  readonly clock?: Clock;
  /** Default: the login in the address. */
  readonly credentials?: NatsCredentials;
  /**
   * Expected settings; `presenceMs` only until the bucket was opened, because it may be changed later.
   * Default: those of the existing bucket; {@link DEFAULT_BUCKET_SETTINGS} for a new one.
   */
  readonly settings?: BucketSettings;
  /**
   * Time for which a Session that ended is still shown when reading starts, in milliseconds. Default: an
   * hour.
   */
  readonly retainMs?: number;
  /** Default: nothing is logged. */
  readonly log?: Log;
}

/** Time after which revisions that a bucket no longer has count as lost, in milliseconds. */
const LOSS_MS = 30_000;

/** Interval in which one gap is logged at most, in milliseconds. */
const GAP_LOG_MS = 60_000;

/** An hour, as long as a gateway keeps a Session that is GONE. */
const DEFAULT_RETAIN_MS = 3_600_000;

/**
 * Creates a provider of the Sessions that publishers write to a bucket of NATS JetStream. The bucket's
 * revisions are the positions of its changes, so all gateways that read it have the same cursors. Throws a
 * `ProviderError` if the address is invalid.
 */
export function createNatsProvider(options: NatsProviderOptions): LogProvider {
  const address = parseAddress(options.address);
  const { clock = systemClock, credentials = {}, settings, retainMs = DEFAULT_RETAIN_MS } = options;
  const { log = silentLog } = options;
  const name = options.name ?? address.bucket;
  /** Position of the last change that was pushed, by this watch or an earlier one. */
  let pushed: LogPosition | null = null;
  /** Time since which the bucket has fewer revisions than that; null if it has them. */
  let lossSince: number | null = null;
  let last: Bucket | null = null;
  /** Last revision of each key, by this watch or an earlier one. */
  const known = new Map<string, number>();
  let gapLoggedAt = Number.NEGATIVE_INFINITY;
  const counts = createDeltaCounts();
  return {
    name,
    sharesLog: true,
    counts,
    watch,
    async check() {
      await readCredentials(credentials);
    },
  };

  async function watch(push: (change: LogChange) => void, outer: AbortSignal): Promise<void> {
    if (outer.aborted) return;
    const scope = createAbortScope(outer);
    const connection = await connectNats(address, credentials, `tilt-graphql ${name}`);
    try {
      const bucket = await openBucket(connection, address, { settings, last, mayLackPresence: true });
      last = bucket;
      const { state } = await bucket.manager.streams.info(bucket.sessionStream);
      const from = pushed?.log === bucket.log ? pushed.number : 0;
      if (from === 0) known.clear();
      const pushAndRecord = (change: LogChange) => {
        if (scope.signal.aborted) return;
        pushed = positionOf(change) ?? pushed;
        if (change.type === 'snapshot') lossSince = null;
        push(change);
      };
      const options = {
        clock,
        counts,
        retainMs,
        subject: address.subject,
        from,
        push: pushAndRecord,
        onLoss: (newest: number) => handleLoss(from, newest),
        onMismatch: (key: string) => {
          log(
            'warn',
            `${key}: its deltas led to another state than its publisher has; the state is read again`,
          );
        },
        known,
        onGap: logGap,
      };
      await readBucket(bucket, state, options, scope.signal);
    } catch (error) {
      if (!outer.aborted) throw toProviderError(address, error);
    } finally {
      scope.end();
      // Not awaited: a server that does not answer would delay the end.
      void connection.close().catch(() => {});
    }
  }

  /**
   * Any publisher can cause a gap in its Sessions, so the others are not read again, nor is each one logged.
   */
  function logGap({ key, revision }: Entry, before: number): void {
    if (clock.monotonic() - gapLoggedAt < GAP_LOG_MS) return;
    gapLoggedAt = clock.monotonic();
    const what = `the bucket dropped revisions of ${key} between ${before} and ${revision} before they were read`;
    log('warn', `${what}; if this happens often, keep more states (--bucket-history)`);
  }

  /**
   * After an election the new leader may still be reading its own log. Older states would then appear as new.
   */
  function handleLoss(known: number, newest: number): void {
    lossSince ??= clock.monotonic();
    if (clock.monotonic() - lossSince < LOSS_MS) {
      const what = `its newest revision is ${newest}, expected ${known} or more`;
      throw new ProviderError(
        'unreachable',
        `${formatAddress(address)}: ${what}; a server may be catching up`,
      );
    }
  }
}

/** Position up to which a change covers the log. */
function positionOf(change: LogChange): LogPosition | undefined {
  if (change.type === 'snapshot') return change.upTo ?? change.at;
  return 'at' in change ? change.at : undefined;
}

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
async function readBucket(
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
  /** Ends when the presence bucket was read. */
  const readingPresence = createAbortScope(signal);
  const presenceReader = {
    ...reader,
    presenceCaughtUp() {
      reader.presenceCaughtUp();
      readingPresence.end();
    },
  };
  const run = (task: Promise<void>) => task.finally(() => scope.end());
  try {
    await Promise.all([
      run(followPresence({ bucket, subject, reader: presenceReader, clock }, signal)),
      run(followPresenceTime({ bucket, clock }, signal)),
      run(followStates()),
      run(reader.removeExpired(signal)),
    ]);
  } finally {
    scope.end();
  }

  /**
   * Reads the states, after the presence bucket: over a slow link, a burst of states would delay the
   * heartbeats of the other consumer until it counts as broken.
   */
  async function followStates(): Promise<void> {
    await untilAborted(readingPresence.signal);
    await followStream(
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
    );
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
