import { type Clock, sleep } from '../lib/clock.js';
import { createDeltaCounts, type DeltaCounts } from '../lib/metrics.js';
import type { Bucket } from './bucket.js';
import { createSnapshot, findUnknownAfter, isLive, toNextChanges } from './bucket-changes.js';
import { type Entry, envelopeOf, followsOther, type NewestEntry } from './entry.js';
import { createHistory, type History, type HistoryContents } from './history.js';
import { createLiveness, type Liveness } from './liveness.js';
import type { LogChange } from './log-change.js';
import { createNewestEntries } from './newest-entries.js';
import { toChanges } from './replay.js';

/** Dependencies and callbacks of {@link createBucketReader}. */
export interface BucketReaderOptions {
  readonly clock: Clock;
  /** Time for which a Session that ended is still shown when reading starts, in milliseconds. */
  readonly retainMs: number;
  readonly push: (change: LogChange) => void;
  /** Counts of the messages of the bucket. Default: they are not shown. */
  readonly counts?: DeltaCounts;
  /**
   * Called with the newest revision if it is below a revision that was pushed before. Throws to try again, or
   * returns to accept that the rest is lost. Default: accepts it.
   */
  readonly onLoss?: (newest: number) => void;
  /**
   * Last revision of each key that was pushed, by this reader or an earlier one of the same bucket. The
   * reader updates it. Default: an empty map.
   */
  readonly known?: Map<string, number>;
  /**
   * Called with the last known revision of a key if the bucket dropped states after it. Cursors in between
   * count as unknown.
   */
  readonly onGap?: (entry: Entry, known: number) => void;
  /**
   * Called with a key whose deltas led to another state than its publisher's. Its state has to be read
   * completely and passed to `heal`. Until a complete state arrives, no delta is applied to the key. Default:
   * waits for the next message of the key.
   */
  readonly onMismatch?: (key: string) => void;
}

/** Converts the entries and heartbeats of a bucket into changes. */
export interface BucketReader extends Pick<Liveness, 'seen' | 'reported' | 'gone'> {
  /**
   * Starts.
   *
   * @param from revision up to which everything was pushed before. Default: 0, none
   * @param oldest oldest revision that the bucket keeps, of any key. Default: 1, the first
   */
  begin(isNewestOnly: boolean, from?: number, oldest?: number): void;
  /** Newest entry of a key, to which the next delta applies; undefined if none may be applied. */
  newest(key: string): NewestEntry | undefined;
  /** Whether the deltas of a key led to a wrong state that was not replaced yet. */
  awaitsState(key: string): boolean;
  /**
   * Takes the next entry. Throws after the snapshot if it shows that entries were read too late to be pushed
   * as new ones: the bucket has to be read again.
   */
  take(entry: Entry): void;
  /**
   * Replaces the newest entry of a key by the same revision, read completely, and drops the earlier entries
   * of the key if the snapshot has not been pushed yet. Has no effect if the key has another revision by now.
   */
  heal(entry: Entry): void;
  /** Marks the presence bucket as read up to its newest message. */
  presenceCaughtUp(): void;
  /** Marks the bucket as read up to its newest message. */
  sessionsCaughtUp(): void;
  /** Removes Sessions when the bucket expires them, until the signal aborts. */
  removeExpired(signal: AbortSignal): Promise<void>;
  /** Cancels the timer. */
  dispose(): void;
}

/** Creates a reader. It pushes a snapshot as soon as both buckets have caught up, then each change. */
export function createBucketReader(
  { log, presenceMs, maxAgeMs }: Pick<Bucket, 'log' | 'presenceMs' | 'maxAgeMs'>,
  {
    clock,
    retainMs,
    push,
    onLoss = () => {},
    onGap = () => {},
    onMismatch = () => {},
    known: revisions = new Map(),
    counts = createDeltaCounts(),
  }: BucketReaderOptions,
): BucketReader {
  const pending = new Set(['presence', 'sessions']);
  const entries = createNewestEntries(clock, (key, isEqual) => {
    counts[isEqual ? 'matches' : 'mismatches'] += 1;
    if (!isEqual) onMismatch(key);
  });
  const newest = entries.byKey;
  /** Entries before the snapshot; null after it. */
  let initial: History | null = createHistory();
  const liveness = createLiveness({ clock, silentMs: presenceMs, newest, push });

  return {
    seen: liveness.seen,
    reported: liveness.reported,
    gone: liveness.gone,
    begin(isNewestOnly, from = 0, oldest = 1) {
      initial?.begin({ isNewestOnly, from, oldest });
    },
    newest: (key) => (entries.isWrong(key) ? undefined : newest.get(key)),
    awaitsState: entries.isWrong,
    take(entry) {
      if (initial === null && isTooLate(entry, presenceMs)) throw new Error(TOO_LATE);
      const known = newest.get(entry.key);
      counts[entry.delta ? 'deltas' : 'states'] += 1;
      entries.record(entry);
      if (initial) initial.add(entry);
      else pushNext(entry, known);
    },
    heal(entry) {
      if (newest.get(entry.key)?.revision !== entry.revision) return;
      entries.record(entry);
      if (initial) initial.heal(entry);
      else liveness.pushState(entry);
    },
    presenceCaughtUp: () => caughtUp('presence'),
    sessionsCaughtUp() {
      if (initial !== null && initial.last < initial.from) onLoss(initial.last);
      caughtUp('sessions');
    },
    removeExpired: (signal) => followExpiry({ clock, maxAgeMs, newest, liveness, onExpired: remove }, signal),
    dispose() {
      liveness.dispose();
      entries.dispose();
    },
  };

  function caughtUp(what: string): void {
    pending.delete(what);
    if (pending.size > 0 || initial === null) return;
    liveness.start();
    const history = initial;
    initial = null;
    pushSnapshot(history.contents());
  }

  function pushSnapshot(history: HistoryContents): void {
    const { entries: read, from } = history;
    const unknownAfter = from > 0 ? findUnknownAfter(read, from, revisions) : undefined;
    revisions.clear();
    for (const [key, { revision }] of newest) revisions.set(key, revision);
    const retention = { now: clock.now(), retainMs };
    push(createSnapshot({ ...history, log, unknownAfter }, retention, liveness.silenceOf));
    if (from > 0) pushDeletions(read, from);
    liveness.pushSilences();
  }

  /**
   * Deletes Sessions that an earlier snapshot had: those that the next one lacks are kept as GONE. After that
   * snapshot, because a provider pushes it first; in the same tick, so that no query finds them as GONE.
   */
  function pushDeletions(read: readonly Entry[], from: number): void {
    for (const entry of read) {
      const isDeleted = entry.content === null && newest.get(entry.key)?.revision === entry.revision;
      if (!isDeleted || entry.revision <= from) continue;
      for (const change of toChanges(entry)) push(change);
    }
  }

  function pushNext(entry: Entry, known: NewestEntry | undefined): void {
    const { key } = entry;
    const revision = known?.revision ?? 0;
    const envelope = envelopeOf(entry);
    if (followsOther(entry, revision)) onGap(entry, revision);
    revisions.set(key, entry.revision);
    const publisher = envelopeOf(known)?.publisher ?? null;
    const isAlive = liveness.isAlive(key) && publisher === (envelope?.publisher ?? null);
    for (const change of toNextChanges(entry, known, log, retainMs)) push(change);
    // A publisher that writes is alive, even if its first heartbeat arrives later.
    if (!isAlive) liveness.wrote(key, entry.delayMs);
  }

  function remove(entry: NewestEntry): void {
    if (initial !== null) return;
    entries.forget(entry.key);
    revisions.delete(entry.key);
    push(toExpiry(entry, maxAgeMs));
  }
}

const TOO_LATE = 'its states were read late, as after a suspension of this process; it is opened again';

/**
 * Whether an entry cannot be pushed as one that was just written. A live state that is older than the presence
 * time tells nothing about its publisher, and later ones may have replaced it already. A gateway that starts
 * merges these, and knows which publishers are alive. The age of an end is pushed with it, unless it is
 * unknown.
 */
function isTooLate(entry: Entry, presenceMs: number): boolean {
  const { delayMs = 0 } = entry;
  return isLive(entry) ? delayMs >= presenceMs : !Number.isFinite(delayMs);
}

/**
 * The removal of a Session that the bucket has expired. It is not kept as GONE: a gateway that starts has
 * nothing of it, and could not tell a client that moves to it that it does not exist any more.
 */
function toExpiry({ id, writtenAt }: NewestEntry, maxAgeMs: number): LogChange {
  const since = new Date(writtenAt + maxAgeMs).toISOString();
  const reason = 'it exceeded the age limit of the bucket';
  return { type: 'remove', id, reason, since, ageMs: Number.POSITIVE_INFINITY };
}

/**
 * Interval of looking for Sessions that the bucket has expired, in milliseconds: at most, and at least if the
 * next one is known. Looking reads all Sessions.
 */
const EXPIRY_CHECK_MS = { min: 1_000, max: 60_000 };

/** Options of {@link followExpiry}. */
interface ExpiryOptions {
  readonly clock: Clock;
  /** Age at which the bucket expires states, in milliseconds; 0: never. */
  readonly maxAgeMs: number;
  readonly newest: ReadonlyMap<string, NewestEntry>;
  readonly liveness: Pick<Liveness, 'isAlive'>;
  onExpired(entry: NewestEntry): void;
}

/** Reports each state that has expired, once the oldest has and periodically, until the signal aborts. */
async function followExpiry(options: ExpiryOptions, signal: AbortSignal): Promise<void> {
  const { clock, maxAgeMs, newest, liveness, onExpired } = options;
  const { min, max } = EXPIRY_CHECK_MS;
  // A live publisher writes its states again before they expire.
  const others = () => [...newest.values()].filter(({ key }) => !liveness.isAlive(key));
  while (!signal.aborted) {
    const oldest = maxAgeMs > 0 ? findOldest(others()) : Number.POSITIVE_INFINITY;
    await sleep(clock, Math.min(Math.max(oldest + maxAgeMs - clock.now(), min), max), signal);
    if (maxAgeMs <= 0 || signal.aborted) continue;
    const expired = clock.now() - maxAgeMs;
    for (const entry of others()) if (entry.writtenAt <= expired) onExpired(entry);
  }
}

/** Time at which the oldest state was written; infinite without one. */
function findOldest(entries: readonly NewestEntry[]): number {
  return entries.reduce((time, { writtenAt }) => Math.min(time, writtenAt), Number.POSITIVE_INFINITY);
}
