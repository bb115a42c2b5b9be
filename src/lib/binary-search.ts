/**
 * First index that satisfies a condition which also holds for all later indices; `length` when no index does.
 *
 * @param from index to start at; default 0
 */
export function firstIndex(length: number, holds: (index: number) => boolean, from = 0): number {
  let low = from;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Index of the first string of a sorted list that is not less than `text`, else the list's length. */
export function firstIndexAtOrAfter(sorted: readonly string[], text: string): number {
  return firstIndex(sorted.length, (index) => (sorted[index] ?? '') >= text);
}
