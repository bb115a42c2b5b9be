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
