import type { Entry } from './entry.js';

/** How a bucket is read at the beginning. */
export interface HistoryStart {
  /** Whether only the newest state of each key is read. */
  readonly isNewestOnly: boolean;
  /** Revision up to which everything was pushed before; 0 for none. */
  readonly from: number;
  /** Oldest revision that the bucket keeps, of any key. */
  readonly oldest: number;
}

/** Everything that was read before the snapshot, oldest first. */
export interface HistoryContents extends HistoryStart {
  readonly entries: readonly Entry[];
}

/** The entries of a bucket that are read before the snapshot. */
export interface History {
  /** Revision up to which everything was pushed before. */
  readonly from: number;
  /** Revision up to which the bucket was read. */
  readonly last: number;
  begin(start: HistoryStart): void;
  /** Adds the newest entry. */
  add(entry: Entry): void;
  /** Replaces the entries of a key by its newest one, after its deltas have led to a wrong state. */
  heal(entry: Entry): void;
  contents(): HistoryContents;
}

/**
 * Maximum size of the history, by the estimates of its entries, in bytes. Above it only the newest states are
 * kept. Usual states need up to twice as much memory, those of a hostile writer five times as much.
 */
export const MAX_HISTORY_BYTES = 256 * 2 ** 20;

/** Creates an empty history. */
export function createHistory(): History {
  let start: HistoryStart = { isNewestOnly: false, from: 0, oldest: 1 };
  let entries: Entry[] = [];
  let bytes = 0;

  return {
    get from() {
      return start.from;
    },
    get last() {
      // Revisions below the oldest one were not lost, but dropped.
      return Math.max(entries.at(-1)?.revision ?? 0, start.oldest - 1);
    },
    begin(how) {
      start = how;
    },
    add(entry) {
      entries.push(entry);
      bytes += entry.bytes ?? 0;
      if (bytes <= MAX_HISTORY_BYTES) return;
      bytes = 0;
      start = { ...start, isNewestOnly: true };
      entries = [...findNewest(entries).values()].sort((a, b) => a.revision - b.revision);
    },
    heal(entry) {
      // The earlier states led to a wrong one, so they may be wrong as well.
      entries = entries.flatMap((known) => {
        if (known.key !== entry.key) return [known];
        return known.revision === entry.revision ? [entry] : [];
      });
    },
    contents: () => ({ ...start, entries }),
  };
}

/** Finds the newest entry of each key. @param entries oldest first */
export function findNewest(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  return new Map(entries.map((entry) => [entry.key, entry]));
}
