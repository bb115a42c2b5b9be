import type { Clock } from '../lib/clock.js';
import { createDigestCheck } from './digest-check.js';
import type { Entry } from './replay.js';

/** Newest entry of each key, and whether its state is right. */
export interface NewestEntries {
  readonly byKey: ReadonlyMap<string, Entry>;
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
  const byKey = new Map<string, Entry>();
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
      byKey.set(key, entry);
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
