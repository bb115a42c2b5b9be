import { firstIndex } from '../lib/binary-search.js';
import type { SessionId } from '../model/session.js';
import type { RecordChange, SessionRecord } from './record.js';

/** One applied change of one Session: the unit in which readers are told (S2). */
export interface Revision {
  /** Rises with every applied change of the gateway; not every number is a Session's. */
  readonly number: number;
  readonly id: SessionId;
  /** Null when the Session is new. */
  readonly before: SessionRecord | null;
  /** Null when the Session is no longer kept. */
  readonly after: SessionRecord | null;
  readonly changes: readonly RecordChange[];
  /** Whether something of the Session itself changed, targets and bookkeeping aside. */
  readonly head: boolean;
  /** Whether it is no change, but how a Session's link is, told to one reader that comes from another gateway. Default: false. */
  readonly isGreeting?: boolean;
}

/** How much the journal keeps: whichever bound is met first. The oldest goes first. */
export interface JournalLimits {
  /** Revisions. */
  readonly revisions: number;
  /**
   * Targets listed in the kept revisions, changed or not: each revision keeps its Session's list of targets, 8 bytes a
   * target. The targets themselves are shared by all revisions that did not change them.
   */
  readonly targets: number;
  /** Changes of targets in the kept revisions: each keeps a target as it was before, with its history: up to 1 kB. */
  readonly changes: number;
}

/**
 * 10,000 revisions are minutes of a busy gateway; 2,000,000 listed targets are 16 MB, and 50,000 changes 50 MB at most.
 * Without the last bound, a Session of 10,000 targets half of which changed with each update came to 2 GB.
 */
export const DEFAULT_JOURNAL_LIMITS: JournalLimits = {
  revisions: 10_000,
  targets: 2_000_000,
  changes: 50_000,
};

/** The newest revisions, for readers that come back (S4). */
export interface Journal {
  append(revision: Revision): void;
  /** What came after a revision, oldest first; null when that is no longer all known. */
  after(number: number): Revision[] | null;
}

/** An empty journal. */
export function createJournal(limits: JournalLimits): Journal {
  // Dropped ones stay in front, as null, until they are half of the array: each time to move all the others would cost.
  let kept: (Revision | null)[] = [];
  let dropped = 0;
  let forgottenUpTo = 0;
  let targets = 0;
  let changes = 0;

  return {
    append(revision) {
      kept.push(revision);
      targets += targetsOf(revision);
      changes += revision.changes.length;
      while (isOverLimit()) dropOldest();
      if (dropped > kept.length / 2) trim();
    },
    after(number) {
      if (number < forgottenUpTo) return null;
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
    targets -= targetsOf(oldest);
    changes -= oldest.changes.length;
    forgottenUpTo = oldest.number;
  }

  function trim(): void {
    kept = kept.slice(dropped);
    dropped = 0;
  }
}

function targetsOf({ before, after }: Revision): number {
  return 1 + ((after ?? before)?.status.targets.length ?? 0);
}
