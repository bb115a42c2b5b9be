import { firstIndex } from '../lib/binary-search.js';
import type { SessionId } from '../model/session.js';
import type { RecordChange, SessionRecord } from './record.js';

/** One applied change of one Session: the unit of delivery (S2). */
export interface Revision {
  /** Rises with every applied change of the gateway. Some numbers belong to no Session. */
  readonly number: number;
  readonly id: SessionId;
  /** Null when the Session is new. */
  readonly before: SessionRecord | null;
  /** Null when the Session was deleted. */
  readonly after: SessionRecord | null;
  readonly changes: readonly RecordChange[];
  /** Whether the Session itself changed, apart from its targets and from bookkeeping. */
  readonly sessionChanged: boolean;
  /** Whether the facts about its resources or its cluster changed. */
  readonly factsChanged: boolean;
  /**
   * Whether it is a connection resync. It contains no change: it sends the current connection of a Session to
   * one reader that resumes from another gateway's cursor. The reader may hold another state than `before`.
   * Default: false.
   */
  readonly isResync?: boolean;
  /**
   * Whether it was read from a shared log together with a later one of the same Session, so that it may be
   * old. Open readers receive only the newest state (S5). Default: false.
   */
  readonly isReplayed?: boolean;
  /**
   * Estimated memory of what its state does not share with earlier ones, in bytes. Known for the states of a
   * shared log, whose writers are not trusted. Default: not known.
   */
  readonly bytes?: number;
  /**
   * Time since its connection entered its state, in milliseconds, as a shared log recorded it. Default: the
   * connection was observed by this gateway.
   */
  readonly ageMs?: number;
  /** Number of the previous revision. Only where numbers are positions of something else, such as a log. */
  readonly since?: number;
}

/** Limits of the journal. When any is exceeded, the oldest revisions are dropped. */
export interface JournalLimits {
  readonly revisions: number;
  /**
   * Targets and resources in the kept revisions, changed or not. Each revision keeps its Session's lists of
   * them: 8 bytes per entry. The targets and resources themselves are shared by all revisions that did not
   * change them.
   */
  readonly listed: number;
  /** Target changes in the kept revisions. Each keeps the previous state with its history: up to 1 kB. */
  readonly changes: number;
  /** Estimated memory of the kept states, in bytes, as far as it is known. */
  readonly bytes: number;
}

/**
 * 10,000 revisions are minutes of a busy gateway. 4,000,000 listed targets and resources are 32 MB, and
 * 50,000 changes are at most 50 MB. Without the limit of changes, a Session of 10,000 targets, half of which
 * changed with each update, took 2 GB. 128 MiB are 50 complete states of 10,000 targets. Without it, every 16
 * kB of a hostile writer could take 16 MB, such as an annotation of one repeated letter.
 */
export const DEFAULT_JOURNAL_LIMITS: JournalLimits = {
  revisions: 10_000,
  listed: 4_000_000,
  changes: 50_000,
  bytes: 128 * 2 ** 20,
};

/** The newest revisions, for clients that resume (S4). */
export interface Journal {
  append(revision: Revision): void;
  /** Revisions after the given one, oldest first; null when some of them were dropped. */
  after(number: number): Revision[] | null;
}

/** Creates an empty journal. */
export function createJournal(limits: JournalLimits): Journal {
  // Dropped entries stay at the front as null until they are half of the array: moving the others each time
  // is expensive.
  let kept: (Revision | null)[] = [];
  let dropped = 0;
  let lastDropped = 0;
  let listed = 0;
  let changes = 0;
  let bytes = 0;

  return {
    append(revision) {
      kept.push(revision);
      count(revision, 1);
      while (isOverLimit()) dropOldest();
      if (dropped > kept.length / 2) trim();
    },
    after(number) {
      if (number < lastDropped) return null;
      const isAfter = (index: number) => (kept[index]?.number ?? Number.POSITIVE_INFINITY) > number;
      return kept.slice(firstIndex(kept.length, isAfter, dropped)).filter((revision) => revision !== null);
    },
  };

  /** @param sign 1 for a revision that is added, -1 for one that is dropped */
  function count(revision: Revision, sign: 1 | -1): void {
    listed += sign * countListed(revision);
    changes += sign * revision.changes.length;
    bytes += sign * (revision.bytes ?? 0);
  }

  function isOverLimit(): boolean {
    return (
      kept.length - dropped > limits.revisions ||
      listed > limits.listed ||
      changes > limits.changes ||
      bytes > limits.bytes
    );
  }

  function dropOldest(): void {
    const oldest = kept[dropped];
    if (!oldest) return;
    kept[dropped] = null;
    dropped += 1;
    count(oldest, -1);
    lastDropped = oldest.number;
  }

  function trim(): void {
    kept = kept.slice(dropped);
    dropped = 0;
  }
}

/** Number of a Session's targets and resources plus one, so that revisions of empty Sessions count too. */
function countListed({ before, after }: Revision): number {
  const record = after ?? before;
  return 1 + (record?.status.targets.length ?? 0) + (record?.facts?.resources?.length ?? 0);
}
