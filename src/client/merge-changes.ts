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
 */
export function mergeChanges<C extends Mergeable>(
  earlier: readonly C[],
  later: readonly C[],
  keyOf: (change: C) => string,
  since: (earlier: C, later: C) => C,
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
  return [...merged].sort(inOrder).map(([, change]) => change);
}

/** As a gateway tells them: deleted ones first, then by key. */
function inOrder(
  [a, { type: typeA }]: [string, Mergeable],
  [b, { type: typeB }]: [string, Mergeable],
): number {
  const isDeletedA = typeA === 'DELETED';
  if (isDeletedA !== (typeB === 'DELETED')) return isDeletedA ? -1 : 1;
  return a < b ? -1 : 1;
}

function typeOf(earlier: ChangeType, later: ChangeType): ChangeType {
  if (later === 'DELETED') return 'DELETED';
  return earlier === 'ADDED' ? 'ADDED' : 'MODIFIED';
}
