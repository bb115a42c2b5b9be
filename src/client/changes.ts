import type {
  ChangeType,
  SessionChangeFields,
  SessionFields,
  TargetChangeFields,
  TargetFields,
  WatchSessions,
  WatchTargets,
} from './generated.js';

type Identity = Pick<TargetFields, 'id' | 'name'>;

/**
 * Key of a target, unique within its Session: its name. Further targets with the same name have the keys
 * `name#2`, `name#3` and so on, like the end of their ids.
 */
export function targetKey({ id, name }: Identity): string {
  const [repeat = ''] = /#\d+$/.exec(id) ?? [];
  // Session names contain no `#`, so this suffix cannot belong to the Session's id.
  return repeat !== '' && id.endsWith(`#${name}${repeat}`) ? `${name}${repeat}` : name;
}

/** Orders targets as Tilt does: by name, repeated names in their order of appearance. */
export function compareTargets(a: Identity, b: Identity): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1;
  return repeatNumber(a) - repeatNumber(b);
}

function repeatNumber(target: Identity): number {
  return Number(targetKey(target).slice(target.name.length + 1));
}

/** The fields of a payload that folding needs. */
export interface Changes<C> {
  /** Whether to clear all earlier state first. */
  readonly reset: boolean;
  readonly changes: readonly C[];
}

/**
 * Applies a payload of `targetChanges` (S3): clears on `reset`, then applies each change in order. Returns a
 * new map. Targets are keyed by name; the second target with the same name has the key `name#2`.
 */
export function foldTargets(
  targets: ReadonlyMap<string, TargetFields>,
  payload: Changes<Pick<TargetChangeFields, 'type' | 'target'>>,
): ReadonlyMap<string, TargetFields> {
  return fold(targets, payload, ({ type, target }) => [type, targetKey(target), target], compareTargets);
}

/** Applies a payload of `sessionChanges` (S3) as {@link foldTargets} does. Returns a new map by id. */
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

/** A payload of `targetChanges`. */
export type TargetsPayload = WatchTargets['targetChanges'];

/** A payload of `sessionChanges`. */
export type SessionsPayload = WatchSessions['sessionChanges'];

/** Merges two successive payloads of `targetChanges` into one with the same effect. */
export function mergeTargets(
  earlier: TargetsPayload,
  later: TargetsPayload,
  phaseChangesOnly: boolean,
): TargetsPayload {
  const merged = mergePayloads<TargetChangeFields, TargetsPayload>(earlier, later, () =>
    mergeChanges<TargetChangeFields>(
      earlier.changes,
      later.changes,
      ({ target }) => targetKey(target),
      ({ previous, previousPhase }, change) => ({ ...change, previous, previousPhase }),
      (a, b) => compareTargets(a.target, b.target),
    ),
  );
  if (!phaseChangesOnly || later.reset) return merged;
  return { ...merged, changes: merged.changes.filter(isPhaseChange) };
}

/** Whether a target was added, deleted or changed its phase. Merged changes may end in the initial phase. */
function isPhaseChange({ type, target, previousPhase }: TargetChangeFields): boolean {
  return type !== 'MODIFIED' || previousPhase !== target.phase;
}

/** Merges two successive payloads of `sessionChanges` into one with the same effect. */
export function mergeSessions(earlier: SessionsPayload, later: SessionsPayload): SessionsPayload {
  return mergePayloads<SessionChangeFields, SessionsPayload>(earlier, later, () =>
    mergeChanges<SessionChangeFields>(
      earlier.changes,
      later.changes,
      ({ session }) => session.id,
      ({ previousVerdict }, change) => ({ ...change, previousVerdict }),
      (a, b) => compareIds(a.session, b.session),
    ),
  );
}

function mergePayloads<C, P extends Changes<C> & { readonly conflated: number }>(
  earlier: P,
  later: P,
  merge: () => C[],
): P {
  return {
    ...later,
    reset: earlier.reset || later.reset,
    conflated: (earlier.conflated || 1) + (later.conflated || 1),
    changes: later.reset ? later.changes : merge(),
  };
}

/**
 * Merges two successive lists of changes: one change per member, with its state before both. A member that
 * was added and deleted is left out; one that was deleted and added is MODIFIED. DELETED changes come first.
 *
 * @param keyOf the key of a change's member
 * @param withPrevious the later change with the previous state of the earlier one
 * @param compare order of the result within DELETED changes and within the others
 */
export function mergeChanges<C extends { readonly type: ChangeType }>(
  earlier: readonly C[],
  later: readonly C[],
  keyOf: (change: C) => string,
  withPrevious: (earlier: C, later: C) => C,
  compare: (a: C, b: C) => number,
): C[] {
  const merged = new Map(earlier.map((change) => [keyOf(change), change]));
  for (const change of later) {
    const key = keyOf(change);
    const before = merged.get(key);
    merged.delete(key);
    if (!before) merged.set(key, change);
    else if (before.type !== 'ADDED' || change.type !== 'DELETED')
      merged.set(key, { ...withPrevious(before, change), type: mergeTypes(before.type, change.type) });
  }
  const isDeleted = ({ type }: C) => Number(type === 'DELETED');
  return [...merged.values()].sort((a, b) => isDeleted(b) - isDeleted(a) || compare(a, b));
}

function mergeTypes(earlier: ChangeType, later: ChangeType): ChangeType {
  if (later === 'DELETED') return 'DELETED';
  return earlier === 'ADDED' ? 'ADDED' : 'MODIFIED';
}
