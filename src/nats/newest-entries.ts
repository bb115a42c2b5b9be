import type { Clock } from '../lib/clock.js';
import { createDigestCheck } from './digest-check.js';
import { type Entry, envelopeOf, type NewestEntry } from './replay.js';

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
