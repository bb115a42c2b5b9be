import { firstIndex } from '../lib/binary-search.js';
import { createEntryQueue, type Entry, type EntryQueue } from './entries.js';

/** The newest lines of one resource, and how many lines it had up to each position. */
export interface ResourceTail {
  /** End of the last batch with lines of it. */
  lastBatch: number;
  readonly kept: Pick<EntryQueue, 'items' | 'start'>;
  /** Memory of the kept lines, in bytes. */
  readonly bytes: number;
  /** Number of kept lines. */
  readonly size: number;
  /** Number of lines so far, with those that are no longer kept. */
  readonly count: number;
  push(entry: Entry): void;
  /** Drops the oldest line. `maxHistory`: number of batches with dropped lines that stay countable. */
  dropOldest(maxHistory: number): void;
  /** Counts lines that were never kept, as part of the batch that ends at a position. */
  skip(lines: number, batchEnd: number, maxHistory: number): void;
  /**
   * Number of its lines up to a position. Exact for the end of a batch. Too high if more than `maxHistory`
   * batches with dropped lines followed.
   */
  countUpTo(position: number): number;
}

/** Creates the tail of a resource that has no lines yet. */
export function createResourceTail(): ResourceTail {
  const kept = createEntryQueue();
  let bytes = 0;
  let gone = 0;
  // Number of dropped lines up to the end of a batch. Readers only hold ends of batches as positions, so an
  // entry for each batch, not for each line, counts exactly.
  let ends: number[] = [];
  let counts: number[] = [];
  let forgotten = 0;

  return {
    lastBatch: 0,
    kept,
    get bytes() {
      return bytes;
    },
    get size() {
      return kept.items.length - kept.start;
    },
    get count() {
      return gone + kept.items.length - kept.start;
    },
    push(entry) {
      kept.push(entry);
      bytes += entry.bytes;
    },
    dropOldest(maxHistory) {
      const entry = kept.shift();
      if (entry === undefined) return;
      entry.line = null;
      bytes -= entry.bytes;
      recordGone(1, entry.batchEnd, maxHistory);
    },
    skip: recordGone,
    countUpTo(position) {
      const { items, start } = kept;
      const index = firstIndex(items.length, (at) => (items[at]?.index ?? 0) >= position, start);
      if (index > start) return gone + index - start;
      const later = firstIndex(ends.length, (at) => (ends[at] ?? 0) > position);
      return later === 0 ? forgotten : (counts[later - 1] ?? 0);
    },
  };

  function recordGone(lines: number, batchEnd: number, maxHistory: number): void {
    gone += lines;
    if (ends.at(-1) === batchEnd) {
      counts[counts.length - 1] = gone;
      return;
    }
    ends.push(batchEnd);
    counts.push(gone);
    if (ends.length <= maxHistory * 2) return;
    forgotten = counts[counts.length - maxHistory - 1] ?? 0;
    ends = ends.slice(-maxHistory);
    counts = counts.slice(-maxHistory);
  }
}
