import type { ChangeType } from './generated.js';

/** What merging looks at in a change. */
interface Mergeable {
  readonly type: ChangeType;
}

/**
 * Changes that come to the same as some and then some others: one for each member, with what it was before all of them.
 * One that came and went is left out; one that went and came is MODIFIED.
 *
 * @param keyOf tells members apart
 * @param since the later change, with what the earlier one says of the time before
 * @param compare order of the result; deleted members come first in any case
 */
export function mergeChanges<C extends Mergeable>(
  earlier: readonly C[],
  later: readonly C[],
  keyOf: (change: C) => string,
  since: (earlier: C, later: C) => C,
  compare: (a: C, b: C) => number,
): C[] {
  const merged = new Map(earlier.map((change) => [keyOf(change), change]));
  for (const change of later) {
    const key = keyOf(change);
    const before = merged.get(key);
    merged.delete(key);
    if (!before) merged.set(key, change);
    else if (before.type !== 'ADDED' || change.type !== 'DELETED')
      merged.set(key, { ...since(before, change), type: typeOf(before.type, change.type) });
  }
  return [...merged.values()].sort((a, b) => deletedFirst(a, b) || compare(a, b));
}

function deletedFirst({ type: a }: Mergeable, { type: b }: Mergeable): number {
  return Number(b === 'DELETED') - Number(a === 'DELETED');
}

function typeOf(earlier: ChangeType, later: ChangeType): ChangeType {
  if (later === 'DELETED') return 'DELETED';
  return earlier === 'ADDED' ? 'ADDED' : 'MODIFIED';
}
