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
}

/** How much the journal keeps: whichever bound is met first. The oldest goes first. */
export interface JournalLimits {
  /** Revisions. */
  readonly revisions: number;
  /**
   * Targets listed in the kept revisions, changed or not: what bounds memory, since each revision keeps its Session's
   * list of targets (8 bytes a target, the targets themselves being shared).
   */
  readonly targets: number;
}

/** 10,000 revisions are minutes of a busy gateway; 2,000,000 listed targets are 16 MB. */
export const DEFAULT_JOURNAL_LIMITS: JournalLimits = { revisions: 10_000, targets: 2_000_000 };

/** The newest revisions, for readers that come back (S4). */
export interface Journal {
  append(revision: Revision): void;
  /** What came after a revision, oldest first; null when that is no longer all known. */
  after(number: number): Revision[] | null;
}

/** An empty journal. */
export function createJournal(limits: JournalLimits): Journal {
  const kept: Revision[] = [];
  // Dropped ones stay in front until they are half of the array: dropping one by one would move all the others.
  let dropped = 0;
  let forgottenUpTo = 0;
  let targets = 0;

  return {
    append(revision) {
      kept.push(revision);
      targets += weigh(revision);
      while (kept.length - dropped > limits.revisions || targets > limits.targets) dropOldest();
      if (dropped > kept.length / 2) {
        kept.splice(0, dropped);
        dropped = 0;
      }
    },
    after(number) {
      if (number < forgottenUpTo) return null;
      return kept.slice(firstAfter(number));
    },
  };

  function dropOldest(): void {
    const oldest = kept[dropped];
    if (!oldest) return;
    targets -= weigh(oldest);
    forgottenUpTo = oldest.number;
    dropped += 1;
  }

  function firstAfter(number: number): number {
    let low = dropped;
    let high = kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((kept[middle]?.number ?? Number.POSITIVE_INFINITY) > number) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function weigh({ after }: Revision): number {
  return 1 + (after?.status.targets.length ?? 0);
}
