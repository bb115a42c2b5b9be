import type { LogLine } from '../model/log.js';

/** A line, until it is dropped. */
export interface Entry {
  /** Null if it was never shown, and after it was dropped: a queue may still hold the entry. */
  line: LogLine | null;
  /** Number of lines before it, of all resources. */
  readonly index: number;
  /** Position of the log after the batch that it was appended with: the first position that includes it. */
  readonly batchEnd: number;
  /** Memory that it is counted with, in bytes. */
  readonly bytes: number;
}

/** Entries in order, of which the oldest are removed first. Appending and removing take constant time. */
export interface EntryQueue {
  /** The entries from `start` on; undefined before it. */
  readonly items: readonly (Entry | undefined)[];
  readonly start: number;
  push(entry: Entry): void;
  /** Removes and returns the oldest entry. */
  shift(): Entry | undefined;
  /** Removes the entries that do not match. */
  filter(keep: (entry: Entry) => boolean): void;
}

/** Empty items at the start that are tolerated before the array is copied. */
const MAX_EMPTY = 64;

/** Creates an empty queue. */
export function createEntryQueue(): EntryQueue {
  let items: (Entry | undefined)[] = [];
  let start = 0;
  return {
    get items() {
      return items;
    },
    get start() {
      return start;
    },
    push: (entry) => void items.push(entry),
    shift() {
      const entry = items[start];
      if (entry === undefined) return undefined;
      items[start] = undefined;
      start += 1;
      if (start > MAX_EMPTY && start * 2 > items.length) {
        items = items.slice(start);
        start = 0;
      }
      return entry;
    },
    filter(keep) {
      items = items.slice(start).filter((entry) => entry !== undefined && keep(entry));
      start = 0;
    },
  };
}
