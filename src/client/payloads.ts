import { isRecord } from '../lib/is-record.js';
import type {
  ChangeType,
  SessionChangeFields,
  TargetChangeFields,
  WatchSession,
  WatchSessions,
  WatchTargets,
} from './generated.js';
import { compareTargets, targetKey } from './target-key.js';

/** A payload of `targetChanges`. */
export type TargetsPayload = WatchTargets['targetChanges'];

/** A payload of `sessionChanges`. */
export type SessionsPayload = WatchSessions['sessionChanges'];

/*
 * A gateway that executed the client's own documents answers as they ask. What is looked at here tells it from something
 * else that answers, and is all that folding relies on.
 */

/** A payload of `targetChanges`; null when it is none. */
export function readTargetChanges(data: unknown): TargetsPayload | null {
  return isOf<WatchTargets>(data, 'targetChanges', (payload) => isChanges(payload, 'target', ['id', 'name']))
    ? data.targetChanges
    : null;
}

/** A payload of `sessionChanges`; null when it is none. */
export function readSessionChanges(data: unknown): SessionsPayload | null {
  return isOf<WatchSessions>(data, 'sessionChanges', (payload) => isChanges(payload, 'session', ['id']))
    ? data.sessionChanges
    : null;
}

/** A payload of `session`; null when it is none. */
export function readSession(data: unknown): WatchSession | null {
  return isOf<WatchSession>(data, 'session', (session) => session === null || isNamed(session, 'id'))
    ? data
    : null;
}

function isOf<T>(data: unknown, field: keyof T & string, holds: (value: unknown) => boolean): data is T {
  return isRecord(data) && field in data && holds(data[field]);
}

function isChanges(payload: unknown, member: string, keys: readonly string[]): boolean {
  return (
    isRecord(payload) &&
    typeof payload.cursor === 'string' &&
    typeof payload.reset === 'boolean' &&
    typeof payload.conflated === 'number' &&
    Array.isArray(payload.changes) &&
    payload.changes.every(
      (change: unknown) => isRecord(change) && keys.every((key) => isNamed(change[member], key)),
    )
  );
}

function isNamed(value: unknown, key: string): boolean {
  return isRecord(value) && typeof value[key] === 'string';
}

/** One payload of `targetChanges` that comes to the same as two in a row. */
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
  return { ...merged, changes: merged.changes.filter(changesPhase) };
}

/** Whether a target comes, goes, or enters another phase: several changes may come to none. */
function changesPhase({ type, target, previousPhase }: TargetChangeFields): boolean {
  return type !== 'MODIFIED' || previousPhase !== target.phase;
}

/** One payload of `sessionChanges` that comes to the same as two in a row. */
export function mergeSessions(earlier: SessionsPayload, later: SessionsPayload): SessionsPayload {
  return mergePayloads<SessionChangeFields, SessionsPayload>(earlier, later, () =>
    mergeChanges<SessionChangeFields>(
      earlier.changes,
      later.changes,
      ({ session }) => session.id,
      ({ previousVerdict }, change) => ({ ...change, previousVerdict }),
      (a, b) => (a.session.id < b.session.id ? -1 : 1),
    ),
  );
}

interface Payload<C> {
  readonly reset: boolean;
  readonly conflated: number;
  readonly changes: readonly C[];
}

function mergePayloads<C, P extends Payload<C>>(earlier: P, later: P, merge: () => C[]): P {
  return {
    ...later,
    reset: earlier.reset || later.reset,
    conflated: updatesIn(earlier) + updatesIn(later),
    changes: later.reset ? later.changes : merge(),
  };
}

function updatesIn({ conflated }: Payload<unknown>): number {
  return conflated === 0 ? 1 : conflated;
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
