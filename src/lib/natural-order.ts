/** Created on first use: loading the ICU data takes milliseconds. */
let collator: Intl.Collator | undefined;

/**
 * Compares names in natural order: numbers by their value, so that `team-2` comes before `team-10`. The order
 * is total and the same on every machine.
 */
export function compareNaturally(a: string, b: string): number {
  collator ??= new Intl.Collator('en', { numeric: true });
  // The collator ignores some characters and leading zeros.
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
