import { firstIndex } from '../lib/binary-search.js';
import type { Clock } from '../lib/clock.js';
import type { Place } from './last-changes.js';

/** Position in a log that several gateways read: which log, and a number that rises from change to change. */
export interface LogPosition {
  readonly log: string;
  readonly number: number;
}

/**
 * Translates between revisions and cursors, the opaque texts that clients resume from.
 *
 * - Without a shared log: `<epoch>-<revision>`.
 * - At a change of a shared log: `<log>-<position>`, the same at every gateway that reads the log.
 * - At a revision of this gateway alone (such as a connection that went stale):
 *   `<log>-<position>.<revision>.<epoch>`. Other gateways ignore the last two parts and may therefore deliver
 *   a change twice.
 */
export interface Cursors {
  /** Records that the change at `at` made `revision`. */
  record(at: LogPosition, revision: number): void;
  /**
   * Records that a snapshot up to `at` made `revision`. Positions within it have no own revision.
   *
   * @param unknownAfter position after which states are unknown that were applied already. Default: none are
   */
  recordSnapshot(at: LogPosition, revision: number, unknownAfter?: number): void;
  /** Records that states between a position and `at` are unknown. A client may have any of them. */
  recordGap(unknownAfter: number, at: LogPosition): void;
  /** Records that `revision` contains every change up to `at`. The last may have been a no-op. */
  advanceTo(at: LogPosition, revision: number): void;
  cursorOf(revision: number): string;
  /** Revision of a cursor; null when it is unknown or no longer known here. */
  revisionOf(cursor: string): number | null;
  /**
   * Place of a cursor, however old it is: its revision if this gateway certainly made it, else its position
   * in the log. Null if it belongs to another gateway or log, or has not been applied here yet.
   */
  placeOf(cursor: string): Place | null;
  /** Whether this gateway certainly made a cursor. */
  isOwn(cursor: string): boolean;
  /** Whether a cursor belongs to the log, at a position that has not been applied here yet. */
  isAhead(cursor: string): boolean;
  /** Whether a position has been applied here. */
  isApplied(at: LogPosition): boolean;
}

/** The revision of a log position. */
interface Checkpoint {
  readonly position: number;
  readonly revision: number;
}

/** Positions that have no revision of their own: those between the two. */
interface MergedRange {
  readonly above: number;
  readonly below: number;
}

/** More checkpoints than the journal keeps revisions. */
const MAX_CHECKPOINTS = 20_000;

/** Maximum number of merged ranges. Above it, the two oldest become one. */
const MAX_MERGED = 1_000;

const OWN = /^([a-z0-9]+)-(\d{1,15})$/;
const SHARED = /^([a-z0-9]+)-(\d{1,15})(?:\.(\d{1,15})\.([a-z0-9]+))?$/;

/**
 * Creates the cursors of one run of the gateway.
 *
 * @param epoch identifies this run
 */
export function createCursors(epoch: string): Cursors {
  let log: string | null = null;
  let checkpoints: Checkpoint[] = [];
  /** Ascending, without overlaps. */
  let merged: MergedRange[] = [];
  let applied = 0;

  return {
    record(at, revision) {
      advance(at);
      add({ position: at.number, revision });
    },
    recordSnapshot(at, revision, unknownAfter = Number.POSITIVE_INFINITY) {
      const before = advance(at) ?? -1;
      merge(Math.min(before, unknownAfter), at.number);
      add({ position: at.number, revision });
    },
    recordGap: (unknownAfter, at) => merge(unknownAfter, at.number),
    advanceTo(at, revision) {
      advance(at);
      if (checkpoints.at(-1)?.position !== at.number) add({ position: at.number, revision });
    },
    cursorOf(revision) {
      const checkpoint = findLast((candidate) => candidate.revision <= revision);
      if (log === null || checkpoint === null) return `${epoch}-${revision}`;
      const suffix = revision === checkpoint.revision ? '' : `.${revision}.${epoch}`;
      return `${log}-${checkpoint.position}${suffix}`;
    },
    revisionOf(cursor) {
      const [, prefix, number] = OWN.exec(cursor) ?? [];
      if (prefix === epoch) return Number(number);
      const shared = parseShared(cursor);
      if (shared === null || shared.position > applied) return null;
      // A position may have been read more than once. In a cursor of this gateway the revision is
      // unambiguous.
      if (shared.epoch === epoch) return shared.revision;
      const checkpoint = findLast(({ position }) => position <= shared.position);
      return checkpoint === null || isMerged(shared.position) ? null : checkpoint.revision;
    },
    placeOf(cursor) {
      const [, prefix, number] = OWN.exec(cursor) ?? [];
      if (prefix === epoch) return { revision: Number(number) };
      const shared = parseShared(cursor);
      if (shared === null || shared.position > applied) return null;
      return shared.epoch === epoch ? { revision: shared.revision } : { position: shared.position };
    },
    isOwn: (cursor) => OWN.exec(cursor)?.[1] === epoch || parseShared(cursor)?.epoch === epoch,
    isAhead: (cursor) => (parseShared(cursor)?.position ?? 0) > applied,
    isApplied: (at) => at.log === log && at.number <= applied,
  };

  /** Advances the applied position. Returns the previous one; null when `at` belongs to another log. */
  function advance(at: LogPosition): number | null {
    const isSame = log === at.log;
    const before = applied;
    if (!isSame) [checkpoints, merged] = [[], []];
    log = at.log;
    applied = isSame ? Math.max(applied, at.number) : at.number;
    return isSame ? before : null;
  }

  /** Adds a checkpoint, unless its position is lower: a log that lost positions assigns them again. */
  function add(checkpoint: Checkpoint): void {
    if (checkpoint.position < (checkpoints.at(-1)?.position ?? 0)) return;
    checkpoints.push(checkpoint);
    if (checkpoints.length > 2 * MAX_CHECKPOINTS) checkpoints = checkpoints.slice(-MAX_CHECKPOINTS);
  }

  function merge(above: number, below: number): void {
    if (above >= below) return;
    let range: MergedRange = { above, below };
    for (let last = merged.at(-1); last && last.below > range.above; last = merged.at(-1)) {
      range = { above: Math.min(last.above, range.above), below: Math.max(last.below, range.below) };
      merged.pop();
    }
    merged.push(range);
    const [first, second] = merged;
    if (merged.length <= MAX_MERGED || !first || !second) return;
    merged.splice(0, 2, { above: first.above, below: second.below });
  }

  function parseShared(cursor: string) {
    const [, prefix, position, revision = '0', by] = SHARED.exec(cursor) ?? [];
    return log !== null && prefix === log
      ? { position: Number(position), revision: Number(revision), epoch: by }
      : null;
  }

  /** Last checkpoint that satisfies a condition which also holds for all checkpoints before it. */
  function findLast(holds: (checkpoint: Checkpoint) => boolean): Checkpoint | null {
    const newest = checkpoints.at(-1);
    if (newest === undefined || holds(newest)) return newest ?? null;
    return checkpoints[findFirstIndex(checkpoints, (checkpoint) => !holds(checkpoint)) - 1] ?? null;
  }

  function isMerged(position: number): boolean {
    const next = merged[findFirstIndex(merged, ({ below }) => below > position)];
    return next !== undefined && position > next.above;
  }
}

/** Index of the first item that satisfies a condition, which must hold for all later ones too. */
function findFirstIndex<T>(items: readonly T[], holds: (item: T) => boolean): number {
  return firstIndex(items.length, (index) => {
    const item = items[index];
    return item !== undefined && holds(item);
  });
}

/** How long a reader that comes from another gateway waits for this one to catch up, in milliseconds. */
export const CATCH_UP_MS = 3_000;

/** Readers that wait until the store has reached their cursors. */
export interface CatchUp {
  /** Resolves with true as soon as the store has reached the cursor, with false after {@link CATCH_UP_MS}. */
  wait(cursor: string): Promise<boolean>;
  /** Releases the readers whose cursor has been reached. */
  onAdvance(): void;
  /** Releases all readers. */
  dispose(): void;
}

/** Creates an empty waiting list. @param isBehind whether the store has not reached a cursor yet */
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
    onAdvance() {
      for (const [settle, cursor] of waiting) if (!isBehind(cursor)) settle();
    },
    dispose() {
      for (const settle of waiting.keys()) settle();
    },
  };
}
