/** Up to `max` of the names that are most like a wrong one, most alike first. Empty when none is alike. */
export function nearestNames(wrong: string, names: readonly string[], max: number): string[] {
  const text = comparable(wrong);
  return names
    .map((name) => ({ name, distance: distanceOf(text, comparable(name)) }))
    .filter(({ distance }) => distance <= Math.max(2, text.length * MAX_SHARE))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, max)
    .map(({ name }) => name);
}

/** How much of a name may differ. */
const MAX_SHARE = 0.4;

/** Length that is compared, in characters: the time is proportional to its square. */
const MAX_COMPARED = 100;

function comparable(name: string): string {
  return name.slice(0, MAX_COMPARED).toLowerCase();
}

/** A part of a name, such as a resource without `:serve`, is as near as a single typing error. */
function distanceOf(wrong: string, name: string): number {
  if (wrong.length >= 3 && name.includes(wrong)) return wrong === name ? 0 : 1;
  return editDistance(wrong, name);
}

/** Levenshtein distance: how many characters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
