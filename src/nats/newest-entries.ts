import type { Clock } from '../lib/clock.js';
import type { Session } from '../model/session.js';
import { digestOf } from './delta.js';
import { type Entry, envelopeOf, type NewestEntry } from './entry.js';

/**
 * Newest entry of each key, and whether its state is right. A bucket keeps Sessions that have ended for days,
 * so an entry that is not live is kept without its Session.
 */
export interface NewestEntries {
  readonly byKey: ReadonlyMap<string, NewestEntry>;
  /** Records the newest entry of a key. The digest of a state that a delta led to is checked later. */
  record(entry: Entry): void;
  /** Whether the deltas of a key led to a wrong state that was not replaced yet. */
  isWrong(key: string): boolean;
  forget(key: string): void;
  /** Cancels the timer. */
  dispose(): void;
}

/**
 * Creates an empty collection.
 *
 * @param onChecked called with a key and whether the digest of its state is that of the publisher
 */
export function createNewestEntries(
  clock: Clock,
  onChecked: (key: string, isEqual: boolean) => void,
): NewestEntries {
  const byKey = new Map<string, NewestEntry>();
  /** Keys whose newest state is wrong. */
  const distrusted = new Set<string>();
  const digests = createDigestCheck(clock, (key, isEqual) => {
    if (!isEqual) distrusted.add(key);
    onChecked(key, isEqual);
  });

  return {
    byKey,
    record(entry) {
      const { key, delta } = entry;
      byKey.set(key, toNewest(entry));
      if (delta === undefined) {
        distrusted.delete(key);
        digests.drop(key);
      } else {
        digests.folded(key, delta.session, delta.digest);
      }
    },
    isWrong: (key) => distrusted.has(key),
    forget(key) {
      byKey.delete(key);
      distrusted.delete(key);
      digests.drop(key);
    },
    dispose: () => digests.dispose(),
  };
}

/** Drops the Session if it is not live: no delta applies to it, and no heartbeat makes it live again. */
function toNewest(entry: Entry): NewestEntry {
  const envelope = envelopeOf(entry);
  if (envelope === null || envelope.connection === 'live') return entry;
  const { key, id, revision, writtenAt } = entry;
  const { publisher, connection } = envelope;
  return { key, id, revision, writtenAt, content: { publisher, connection } };
}

/**
 * Compares states that deltas led to with the digests of their publishers: at a low rate while a key changes,
 * and once it is quiet. A digest takes about as long as reading the state, which deltas are to save.
 */
interface DigestCheck {
  /** Records the newest state of a key, which a delta led to. @param digest that of the publisher's state */
  folded(key: string, session: Session, digest: string): void;
  /** Drops the state of a key that was read completely meanwhile, or that is forgotten. */
  drop(key: string): void;
  /** Cancels the timer. */
  dispose(): void;
}

/** Deltas of a key from one check to the next. */
const DELTAS_PER_CHECK = 256;

/** Time without a change after which a key is checked, in milliseconds. */
const QUIET_MS = 2_000;

/** Keys that are checked at once, so that a fleet that falls silent does not hold the event loop. */
const KEYS_PER_CHECK = 16;

/** A state that was not compared yet. Changed in place: one update in a thousand is compared. */
interface Unchecked {
  session: Session;
  digest: string;
  /** Deltas since the last check. */
  count: number;
  /** Time of the last delta, by the monotonic clock. */
  at: number;
}

/**
 * Creates a check without states.
 *
 * @param onChecked called with a key and whether its digests are equal
 */
export function createDigestCheck(
  clock: Clock,
  onChecked: (key: string, isEqual: boolean) => void,
): DigestCheck {
  const unchecked = new Map<string, Unchecked>();
  let cancel: (() => void) | null = null;

  return {
    folded(key, session, digest) {
      const state = unchecked.get(key);
      if (state === undefined) {
        unchecked.set(key, { session, digest, count: 1, at: clock.monotonic() });
        schedule();
        return;
      }
      state.session = session;
      state.digest = digest;
      state.count += 1;
      state.at = clock.monotonic();
      if (state.count >= DELTAS_PER_CHECK) check(key, state);
    },
    drop(key) {
      unchecked.delete(key);
    },
    dispose() {
      cancel?.();
      unchecked.clear();
    },
  };

  function schedule(): void {
    if (cancel !== null || unchecked.size === 0) return;
    cancel = clock.after(QUIET_MS, () => {
      cancel = null;
      checkQuiet();
      schedule();
    });
  }

  function checkQuiet(): void {
    const quietSince = clock.monotonic() - QUIET_MS;
    let left = KEYS_PER_CHECK;
    for (const [key, state] of unchecked) {
      if (state.at > quietSince) continue;
      check(key, state);
      left -= 1;
      if (left === 0) return;
    }
  }

  function check(key: string, { session, digest }: Unchecked): void {
    unchecked.delete(key);
    onChecked(key, digestOf(session) === digest);
  }
}
