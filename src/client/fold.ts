import type {
  ChangeType,
  SessionChangeFields,
  SessionFields,
  TargetChangeFields,
  TargetFields,
} from './generated.js';
import { compareTargets, targetKey } from './target-key.js';

/** What a payload of changes says: all that folding needs. */
export interface Changes<C> {
  /** Whether to forget what came before. */
  readonly reset: boolean;
  readonly changes: readonly C[];
}

/**
 * Applies a payload of `targetChanges` (S3): cleared on `reset`, then each change in order. Returns new targets and leaves
 * the given ones as they are. The key is the target's name; `name#2` for the second target of that name, as in its id.
 */
export function foldTargets(
  targets: ReadonlyMap<string, TargetFields>,
  payload: Changes<Pick<TargetChangeFields, 'type' | 'target'>>,
): ReadonlyMap<string, TargetFields> {
  return fold(targets, payload, ({ type, target }) => [type, targetKey(target), target], compareTargets);
}

/** Applies a payload of `sessionChanges` (S3), as {@link foldTargets} does. Gives new Sessions, by id. */
export function foldSessions(
  sessions: ReadonlyMap<string, SessionFields>,
  payload: Changes<Pick<SessionChangeFields, 'type' | 'session'>>,
): ReadonlyMap<string, SessionFields> {
  return fold(sessions, payload, ({ type, session }) => [type, session.id, session], compareIds);
}

function compareIds(a: SessionFields, b: SessionFields): number {
  return a.id < b.id ? -1 : 1;
}

function fold<C, T>(
  before: ReadonlyMap<string, T>,
  { reset, changes }: Changes<C>,
  partsOf: (change: C) => readonly [type: ChangeType, key: string, value: T],
  compare: (a: T, b: T) => number,
): ReadonlyMap<string, T> {
  if (!reset && changes.length === 0) return before;
  const after = new Map(reset ? [] : before);
  let isSorted = true;
  for (const [type, key, value] of changes.map(partsOf)) {
    if (type === 'DELETED') after.delete(key);
    else {
      isSorted &&= after.has(key);
      after.set(key, value);
    }
  }
  return isSorted ? after : new Map([...after].sort(([, a], [, b]) => compare(a, b)));
}

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
