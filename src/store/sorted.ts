/** Puts a text into a sorted list, unless it is there. Texts compare by code unit, as `<` does. */
export function insertSorted(list: string[], text: string): void {
  const index = firstNotBelow(list, text);
  if (list[index] !== text) list.splice(index, 0, text);
}

/** Takes a text out of a sorted list, if it is there. */
export function removeSorted(list: string[], text: string): void {
  const index = firstNotBelow(list, text);
  if (list[index] === text) list.splice(index, 1);
}

/** The index of the first text that is not below the given one; the list's length when all are. */
export function firstNotBelow(list: readonly string[], text: string): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? '') < text) low = middle + 1;
    else high = middle;
  }
  return low;
}
