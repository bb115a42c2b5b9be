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
   * one reader that resumes from another gateway's cursor. Default: false.
   */
  readonly isResync?: boolean;
  /**
   * Whether it was read from a shared log together with a later one of the same Session, so that it may be
   * old. Open readers receive only the newest state (S5). Default: false.
   */
  readonly isReplayed?: boolean;
  /** Number of the previous revision. Only where numbers are positions of something else, such as a log. */
  readonly since?: number;
}

/** Limits of the journal. When any is exceeded, the oldest revisions are dropped. */
export interface JournalLimits {
  readonly revisions: number;
  /**
   * Targets in the kept revisions, changed or not. Each revision keeps its Session's list of targets: 8 bytes
   * per target. The targets themselves are shared by all revisions that did not change them.
   */
  readonly targets: number;
  /** Target changes in the kept revisions. Each keeps the previous state with its history: up to 1 kB. */
  readonly changes: number;
}

/**
 * 10,000 revisions are minutes of a busy gateway. 2,000,000 listed targets are 16 MB, and 50,000 changes are
 * at most 50 MB. Without the limit of changes, a Session of 10,000 targets, half of which changed with each
 * update, took 2 GB.
 */
export const DEFAULT_JOURNAL_LIMITS: JournalLimits = {
  revisions: 10_000,
  targets: 2_000_000,
  changes: 50_000,
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
  let targets = 0;
  let changes = 0;

  return {
    append(revision) {
      kept.push(revision);
      targets += countTargets(revision);
      changes += revision.changes.length;
      while (isOverLimit()) dropOldest();
      if (dropped > kept.length / 2) trim();
    },
    after(number) {
      if (number < lastDropped) return null;
      const isAfter = (index: number) => (kept[index]?.number ?? Number.POSITIVE_INFINITY) > number;
      return kept.slice(firstIndex(kept.length, isAfter, dropped)).filter((revision) => revision !== null);
    },
  };

  function isOverLimit(): boolean {
    return kept.length - dropped > limits.revisions || targets > limits.targets || changes > limits.changes;
  }

  function dropOldest(): void {
    const oldest = kept[dropped];
    if (!oldest) return;
    kept[dropped] = null;
    dropped += 1;
    targets -= countTargets(oldest);
    changes -= oldest.changes.length;
    lastDropped = oldest.number;
  }

  function trim(): void {
    kept = kept.slice(dropped);
    dropped = 0;
  }
}

/** Number of a Session's targets plus one, so that revisions of empty Sessions count too. */
function countTargets({ before, after }: Revision): number {
  return 1 + ((after ?? before)?.status.targets.length ?? 0);
}
