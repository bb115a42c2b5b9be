import { isRecord } from '../lib/is-record.js';
import type { WatchSession, WatchSessions, WatchTargets } from './generated.js';

/*
 * A gateway that executed the client's own documents answers as they ask. What is looked at here tells it from something
 * else that answers, and is all that folding relies on.
 */

/** A payload of `targetChanges`; null when it is none. */
export function readTargetChanges(data: unknown): WatchTargets['targetChanges'] | null {
  return isOf<WatchTargets>(data, 'targetChanges', (payload) => isChanges(payload, 'target', ['id', 'name']))
    ? data.targetChanges
    : null;
}

/** A payload of `sessionChanges`; null when it is none. */
export function readSessionChanges(data: unknown): WatchSessions['sessionChanges'] | null {
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
