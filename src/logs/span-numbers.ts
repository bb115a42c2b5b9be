import { isSame } from './segment-bytes.js';

/** Ids of spans by number. */
interface SpanNumbers {
  readonly ids: readonly string[];
  /** Returns the number of an id. */
  add(id: string): number;
  /** Returns the number of the id between two indices of a message. */
  find(bytes: Buffer, start: number, end: number): number;
}

/** Numbers the ids of spans. Most segments have the span of the previous one. */
export function createSpanNumbers(): SpanNumbers {
  const ids: string[] = [];
  const numbers = new Map<string, number>();
  let lastStart = 0;
  let lastEnd = 0;
  let last = -1;

  return {
    ids,
    add,
    find(bytes, start, end) {
      if (last < 0 || !isSame(bytes, start, end, lastStart, lastEnd)) {
        last = add(bytes.toString('utf8', start, end));
      }
      lastStart = start;
      lastEnd = end;
      return last;
    },
  };

  function add(id: string): number {
    const known = numbers.get(id);
    if (known !== undefined) return known;
    ids.push(id);
    numbers.set(id, ids.length - 1);
    return ids.length - 1;
  }
}
