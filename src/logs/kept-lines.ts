import type { LogLine } from '../model/log.js';
import { createEntryQueue, type EntryQueue } from './entries.js';
import { createResourceTail, type ResourceTail } from './resource-tail.js';

/** A line that must not be shown. It only counts. */
export interface HiddenLine {
  readonly resource: string;
  readonly styledText: null;
}

/** Bounds of the kept lines. */
interface Bounds {
  readonly lines: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** The newest lines of all resources, within bounds. */
export interface KeptLines {
  /** Number of lines so far, with those that are no longer kept. */
  readonly position: number;
  append(
    lines: readonly (LogLine | HiddenLine)[],
    leftOut: ReadonlyMap<string, number>,
    missing: number,
  ): void;
  /** Drops all lines. */
  clear(): void;
  /** The kept lines of a resource, or of all of them with some that are dropped, oldest first. */
  queue(resource: string | undefined): Pick<EntryQueue, 'items' | 'start'>;
  /**
   * Number of lines of a resource, or of all of them, after a position, kept or not. Missing lines count for
   * each resource: theirs is unknown.
   */
  countAfter(position: number, resource: string | undefined): number;
}

/** Memory of a line without its text, in bytes: its objects, its time and its references. */
export const LINE_OVERHEAD = 200;

/**
 * Maximum number of resources with lines. Above it, the one whose last line is oldest is forgotten, with its
 * lines and its counts.
 */
const MAX_RESOURCES = 2_000;

/** Maximum number of counts of dropped lines, one per batch and resource: about 0.5 MB. */
const MAX_HISTORY = 32_768;
const MIN_HISTORY_PER_RESOURCE = 16;

/** Maximum number of counts of missing lines, one per gap. */
const MAX_GAPS = 1_024;

/** Dropped entries that are tolerated in the queue of all resources before it is copied. */
const MAX_DROPPED = 1_024;

/** Creates an empty collection of lines. */
export function createKeptLines({ lines: maxLines, bytes: maxBytes, totalBytes }: Bounds): KeptLines {
  /** The resource that wrote last is the last one. */
  const resources = new Map<string, ResourceTail>();
  const all = createEntryQueue();
  /** Lines of unknown resources: only their number is known. */
  const unknown = createResourceTail();
  let position = 0;
  let bytes = 0;
  let size = 0;

  return {
    get position() {
      return position;
    },
    append(lines, leftOut, missing) {
      position += missing;
      for (const count of leftOut.values()) position += count;
      const end = position + lines.length;
      if (missing > 0) unknown.skip(missing, end, MAX_GAPS);
      // Earlier resources would be forgotten at once.
      const recent = [...leftOut].filter(([, count]) => count > 0).slice(-MAX_RESOURCES);
      for (const [resource, count] of recent) skip(resource, count, end);
      for (const line of lines) add(line, end);
    },
    clear() {
      for (const tail of resources.values()) dropAll(tail);
      all.filter(() => false);
    },
    queue: (resource) => (resource === undefined ? all : (resources.get(resource)?.kept ?? EMPTY)),
    countAfter(from, resource) {
      if (resource === undefined) return Math.max(0, position - from);
      const tail = resources.get(resource);
      return countIn(unknown, from) + (tail === undefined ? 0 : countIn(tail, from));
    },
  };

  function add(line: LogLine | HiddenLine, batchEnd: number): void {
    const tail = touch(line.resource, batchEnd);
    const isHidden = line.styledText === null;
    const cost = isHidden ? 0 : Buffer.byteLength(line.styledText) + LINE_OVERHEAD;
    const entry = { line: isHidden ? null : line, index: position, batchEnd, bytes: cost };
    position += 1;
    bytes += cost;
    size += 1;
    tail.push(entry);
    all.push(entry);
    while (tail.bytes > maxBytes || tail.size > maxLines) drop(tail);
    while (bytes > totalBytes) dropOldest();
    if (all.items.length - all.start > 2 * size + MAX_DROPPED) all.filter((kept) => kept.line !== null);
  }

  function skip(resource: string, count: number, batchEnd: number): void {
    const tail = touch(resource, batchEnd);
    dropAll(tail);
    tail.skip(count, batchEnd, maxHistory());
  }

  function touch(resource: string, batchEnd: number): ResourceTail {
    const known = resources.get(resource);
    if (known?.lastBatch === batchEnd) return known;
    const tail = known ?? createResourceTail();
    tail.lastBatch = batchEnd;
    resources.delete(resource);
    resources.set(resource, tail);
    if (resources.size > MAX_RESOURCES) forgetOldest();
    return tail;
  }

  function forgetOldest(): void {
    for (const [resource, tail] of resources) {
      dropAll(tail);
      resources.delete(resource);
      return;
    }
  }

  function dropOldest(): void {
    const entry = all.shift();
    const tail = entry?.line ? resources.get(entry.line.resource) : undefined;
    // Hidden lines of the resource may precede it.
    while (tail !== undefined && tail.size > 0 && entry?.line) drop(tail);
  }

  function dropAll(tail: ResourceTail): void {
    while (tail.size > 0) drop(tail);
  }

  function drop(tail: ResourceTail): void {
    bytes -= tail.bytes;
    tail.dropOldest(maxHistory());
    bytes += tail.bytes;
    size -= 1;
  }

  function maxHistory(): number {
    return Math.max(MIN_HISTORY_PER_RESOURCE, Math.floor(MAX_HISTORY / resources.size));
  }
}

function countIn(tail: ResourceTail, from: number): number {
  return tail.count - tail.countUpTo(from);
}

const EMPTY = { items: [], start: 0 };
