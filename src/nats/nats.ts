import type { StreamState } from '@nats-io/jetstream';
import { type Clock, createAbortScope, systemClock } from '../lib/clock.js';
import { ProviderError } from '../providers/provider.js';
import { type BucketAddress, parseAddress } from './address.js';
import { type Bucket, openBucket } from './bucket.js';
import { connectNats } from './connection.js';
import { readCredentials } from './credentials.js';
import { type Entry, entryOf, isDeletion, keyIn } from './entry.js';
import { natsError, placeOf } from './errors.js';
import { followStream } from './follow-stream.js';
import type { LogChange, LogPosition, LogProvider } from './log-change.js';
import { createReading, type ReadingOptions } from './reading.js';
import type { BucketSettings, NatsCredentials } from './settings.js';

/** See {@link createNatsProvider}. */
export interface NatsProviderOptions {
  /** `nats://host[,host…]/BUCKET[/SUBJECT]`, the subject of keys such as `team-a.>`. */
  readonly address: string;
  /** The provider's name. Default: the bucket's. */
  readonly name?: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: what the address says. */
  readonly credentials?: NatsCredentials;
  /** How the bucket is to be set up. Default: as it is, or {@link DEFAULT_BUCKET_SETTINGS} when it is made here. */
  readonly settings?: BucketSettings;
  /** For how long after its end a Session is still shown when the reading begins, in milliseconds. Default: an hour. */
  readonly retainMs?: number;
}

/** Up to here a bucket's whole history is read at the beginning; of a bigger one only the newest states. */
const HISTORY_LIMITS = { messages: 20_000, bytes: 64 * 2 ** 20 };

/** After how long what a bucket does not have any more counts as lost, in milliseconds. */
const LOSS_MS = 30_000;

/** An hour: as long as a gateway keeps a Session that is GONE. */
const DEFAULT_RETAIN_MS = 3_600_000;

/**
 * The Sessions that publishers have written to a bucket of NATS JetStream. Its changes stand at the bucket's revisions,
 * so all gateways that read it have the same cursors. Throws a `ProviderError` when the address is none.
 */
export function createNatsProvider(options: NatsProviderOptions): LogProvider {
  const address = parseAddress(options.address);
  const { clock = systemClock, credentials = {}, settings, retainMs = DEFAULT_RETAIN_MS } = options;
  const name = options.name ?? address.bucket;
  /** How far was told, by this reading or one before. */
  let told: LogPosition | null = null;
  /** Since when the bucket has less than that; null while it has not. */
  let lossSince: number | null = null;
  let last: Bucket | null = null;
  return {
    name,
    sharesLog: true,
    watch: run,
    async check() {
      await readCredentials(credentials);
    },
  };

  /** After an election the new leader may still be reading its own log: older states would be told as news. */
  function noteLoss(known: number, newest: number): void {
    lossSince ??= clock.monotonic();
    if (clock.monotonic() - lossSince < LOSS_MS) {
      const what = `its newest revision is ${newest}, expected ${known} or more`;
      throw new ProviderError('unreachable', `${placeOf(address)}: ${what}; a server may be catching up`);
    }
  }

  async function run(push: (change: LogChange) => void, outer: AbortSignal): Promise<void> {
    if (outer.aborted) return;
    const scope = createAbortScope(outer);
    const connection = await connectNats(address, credentials, `tilt-graphql ${name}`);
    try {
      const bucket = await openBucket(connection, address, settings, last);
      last = bucket;
      const { state } = await bucket.manager.streams.info(bucket.sessionStream);
      const from = told?.log === bucket.log ? told.number : 0;
      const note = (change: LogChange) => {
        if (scope.signal.aborted) return;
        told = positionOf(change) ?? told;
        if (change.type === 'snapshot') lossSince = null;
        push(change);
      };
      const onLoss = (newest: number) => noteLoss(from, newest);
      const onGap = (entry: Entry, known: number) => {
        throw gapError(address, entry, known);
      };
      const { subject } = address;
      await read(bucket, state, { clock, retainMs, subject, from, push: note, onLoss, onGap }, scope.signal);
    } catch (error) {
      if (!outer.aborted) throw natsError(address, error);
    } finally {
      scope.end();
      // Not awaited: a server that is away would hold the end up.
      void connection.close().catch(() => {});
    }
  }
}

function gapError(address: BucketAddress, { key, revision }: Entry, known: number): ProviderError {
  const what = `${key} was read up to revision ${known}, and of those between it and ${revision} some are forgotten`;
  const mend = 'let it keep more states (--bucket-history)';
  return new ProviderError('unreachable', `${placeOf(address)}: ${what}; if this happens often, ${mend}`);
}

/** How far a change tells the log. */
function positionOf(change: LogChange): LogPosition | undefined {
  if (change.type === 'snapshot') return change.upTo ?? change.at;
  return 'at' in change ? change.at : undefined;
}

/** What a reading needs, which keys, and from which revision on. */
type ReadOptions = ReadingOptions & Pick<BucketAddress, 'subject'> & { readonly from: number };

/** Reads a bucket until the signal aborts, or something fails. */
async function read(
  bucket: Bucket,
  state: StreamState,
  options: ReadOptions,
  outer: AbortSignal,
): Promise<void> {
  const { clock, subject } = options;
  const scope = createAbortScope(outer);
  const { signal } = scope;
  const reading = createReading(bucket, options);
  const isWhole = state.messages <= HISTORY_LIMITS.messages && state.bytes <= HISTORY_LIMITS.bytes;
  reading.begin(!isWhole, options.from);
  const run = (task: Promise<void>) => task.finally(() => scope.end());
  try {
    await Promise.all([
      // Presence first, so that nobody is taken for gone who is only not known yet.
      run(
        followStream(
          {
            bucket,
            stream: bucket.presenceStream,
            subject,
            begin: 'newest',
            mayRepeat: true,
            clock,
            onMessage: (message) => {
              const key = keyIn(message);
              if (isDeletion(message)) reading.left(key);
              else reading.heard(key, Buffer.from(message.data).toString(), message.ageMs);
            },
            onCaughtUp: () => reading.presenceKnown(),
          },
          signal,
        ),
      ),
      run(
        followStream(
          {
            bucket,
            stream: bucket.sessionStream,
            subject,
            begin: isWhole ? 'all' : 'newest',
            mayRepeat: false,
            clock,
            onMessage: (message) => {
              const entry = entryOf(message);
              if (entry) reading.take(entry);
            },
            onCaughtUp: () => reading.sessionsKnown(),
          },
          signal,
        ),
      ),
      run(reading.forget(signal)),
    ]);
  } finally {
    scope.end();
    reading.dispose();
  }
}
