/**
 * The first index for which a condition holds that holds for all after it too; `length` when it holds for none.
 *
 * @param from where to begin; default 0
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
