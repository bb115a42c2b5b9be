import type { LogLine } from '../model/log.js';

/** A line that is kept, until it is dropped. */
export interface Entry {
  readonly line: LogLine;
  /** Number of lines before it, of all resources. */
  readonly index: number;
  /** Position of the log after the batch that it was appended with: the first position that includes it. */
  readonly batchEnd: number;
  /** Memory that it is counted with, in bytes. */
  readonly bytes: number;
  isDropped: boolean;
}

/** Entries in order, of which the oldest are removed first. Appending and removing take constant time. */
export interface EntryQueue {
  /** All entries that were not removed, from `start` to the end of `items`. */
  readonly items: readonly Entry[];
  readonly start: number;
  push(entry: Entry): void;
  /** Removes and returns the oldest entry. */
  shift(): Entry | undefined;
  /** Removes the entries that do not match. */
  filter(keep: (entry: Entry) => boolean): void;
}

/** Entries in front of `start` that are tolerated before the array is copied. */
const MAX_REMOVED = 1024;

/** Creates an empty queue. */
export function createEntryQueue(): EntryQueue {
  let items: Entry[] = [];
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
      start += 1;
      if (start === items.length || (start > MAX_REMOVED && start * 2 > items.length)) {
        items = items.slice(start);
        start = 0;
      }
      return entry;
    },
    filter(keep) {
      items = items.slice(start).filter(keep);
      start = 0;
    },
  };
}
