import { firstIndex } from '../lib/binary-search.js';
import type { Clock } from '../lib/clock.js';

/** Position in a log that several gateways read: which log, and a number that rises from change to change. */
export interface LogPosition {
  readonly log: string;
  readonly number: number;
}

/**
 * The texts that stand for revisions. Those of changes that came from a shared log are the same at every gateway that
 * reads the log: `<log>-<position>`. What a gateway adds of its own in between (a link that went stale) is known only
 * there: `<log>-<position>.<revision>.<epoch>`; elsewhere those two are left out, and so told again. Without a log:
 * `<epoch>-<revision>`.
 */
export interface Cursors {
  /** `revision` is that of the change at `at`. */
  mark(at: LogPosition, revision: number): void;
  /** By `revision` everything up to `at` is known, but as one: positions in between stand for no revision here. */
  jump(at: LogPosition, revision: number): void;
  /** Everything up to `at` is known by `revision`, one by one; the last of it need not have made a revision. */
  reach(at: LogPosition, revision: number): void;
  cursorOf(revision: number): string;
  /** The revision that a cursor stands for; null when it is not (or no longer) known here. */
  revisionOf(cursor: string): number | null;
  /** Whether a cursor was made here, beyond doubt. */
  isOwn(cursor: string): boolean;
  /** Whether a cursor is of the log, and what it stands for has not come here yet. */
  isAhead(cursor: string): boolean;
}

/** The revision of a position. */
interface Mark {
  readonly position: number;
  readonly revision: number;
  /** Positions above this one and below the mark's own were told as one. */
  readonly wholeUpTo: number;
}

/** How many marks are kept: more than the journal keeps revisions. */
const MOST_MARKS = 20_000;

const OWN = /^([a-z0-9]+)-(\d{1,15})$/;
const SHARED = /^([a-z0-9]+)-(\d{1,15})(?:\.(\d{1,15})\.([a-z0-9]+))?$/;

/**
 * Cursors of a gateway's run.
 *
 * @param epoch tells this run from others
 */
export function createCursors(epoch: string): Cursors {
  let log: string | null = null;
  let marks: Mark[] = [];
  let reached = 0;

  return {
    mark(at, revision) {
      enter(at);
      add({ position: at.number, revision, wholeUpTo: at.number });
    },
    jump(at, revision) {
      add({ position: at.number, revision, wholeUpTo: enter(at) ?? -1 });
    },
    reach(at, revision) {
      enter(at);
      if (marks.at(-1)?.position !== at.number) add({ position: at.number, revision, wholeUpTo: at.number });
    },
    cursorOf(revision) {
      const mark = lastMark((candidate) => candidate.revision <= revision);
      if (log === null || mark === null) return `${epoch}-${revision}`;
      return `${log}-${mark.position}${revision === mark.revision ? '' : `.${revision}.${epoch}`}`;
    },
    revisionOf(cursor) {
      const [, prefix, number] = OWN.exec(cursor) ?? [];
      if (prefix === epoch) return Number(number);
      const shared = sharedOf(cursor);
      if (shared === null || shared.position > reached) return null;
      // A position may have been read more than once: of one's own, the revision itself says which time is meant.
      if (shared.epoch === epoch) return shared.revision;
      const mark = lastMark(({ position }) => position <= shared.position);
      return mark === null || isWithinJump(shared.position) ? null : mark.revision;
    },
    isOwn: (cursor) => OWN.exec(cursor)?.[1] === epoch || sharedOf(cursor)?.epoch === epoch,
    isAhead: (cursor) => (sharedOf(cursor)?.position ?? 0) > reached,
  };

  /** Notes how far the log was applied. Gives how far that was before; null when it is another log's beginning. */
  function enter(at: LogPosition): number | null {
    const isSame = log === at.log;
    const before = reached;
    if (!isSame) marks = [];
    log = at.log;
    reached = isSame ? Math.max(reached, at.number) : at.number;
    return isSame ? before : null;
  }

  function add(mark: Mark): void {
    marks.push(mark);
    if (marks.length > 2 * MOST_MARKS) marks = marks.slice(-MOST_MARKS);
  }

  function sharedOf(cursor: string) {
    const [, prefix, position, revision = '0', by] = SHARED.exec(cursor) ?? [];
    return log !== null && prefix === log
      ? { position: Number(position), revision: Number(revision), epoch: by }
      : null;
  }

  /** The last mark that a condition holds for, which holds for all before it too. */
  function lastMark(holds: (mark: Mark) => boolean): Mark | null {
    const newest = marks.at(-1);
    if (newest === undefined || holds(newest)) return newest ?? null;
    return marks[firstMark((mark) => !holds(mark)) - 1] ?? null;
  }

  function isWithinJump(position: number): boolean {
    const next = marks[firstMark((mark) => mark.position > position)];
    return next !== undefined && position > next.wholeUpTo;
  }

  /** The first mark that a condition holds for, which holds for all after it too. */
  function firstMark(holds: (mark: Mark) => boolean): number {
    return firstIndex(marks.length, (index) => {
      const mark = marks[index];
      return mark !== undefined && holds(mark);
    });
  }
}

/** How long a reader that comes from another gateway may wait for this one to be as far, in milliseconds. */
export const CATCH_UP_MS = 3_000;

/** Readers that wait until the store is as far as their cursors. */
export interface CatchUp {
  /** Resolves with whether the store is as far, as soon as it is; with false after {@link CATCH_UP_MS}. */
  wait(cursor: string): Promise<boolean>;
  /** To be called when the store has come further. */
  proceed(): void;
  /** Ends all waiting. */
  dispose(): void;
}

/** Nobody waits yet. @param isBehind whether the store is not as far as a cursor */
export function createCatchUp(clock: Clock, isBehind: (cursor: string) => boolean): CatchUp {
  const waiting = new Map<() => void, string>();
  return {
    wait: (cursor) =>
      new Promise((resolve) => {
        const settle = () => {
          cancel();
          waiting.delete(settle);
          resolve(!isBehind(cursor));
        };
        const cancel = clock.after(CATCH_UP_MS, settle);
        waiting.set(settle, cursor);
      }),
    proceed() {
      for (const [settle, cursor] of waiting) if (!isBehind(cursor)) settle();
    },
    dispose() {
      for (const settle of waiting.keys()) settle();
    },
  };
}
