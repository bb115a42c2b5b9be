import { isRecord } from '../lib/is-record.js';
import type { SessionsPayload, TargetsPayload } from './changes.js';
import type { WatchLog, WatchResources, WatchSession, WatchSessions, WatchTargets } from './generated.js';

/*
 * A gateway answers with exactly the selected fields. The checks below detect a server that is not a gateway,
 * and cover everything that folding relies on. A reader returns null for unexpected data.
 */

/** Reads a payload of `WatchTargets`. */
export function readTargetChanges(data: unknown): TargetsPayload | null {
  return hasField<WatchTargets>(data, 'targetChanges', (payload) =>
    isChanges(payload, 'target', ['id', 'name']),
  )
    ? data.targetChanges
    : null;
}

/** Reads a payload of `WatchSessions`. */
export function readSessionChanges(data: unknown): SessionsPayload | null {
  return hasField<WatchSessions>(data, 'sessionChanges', (payload) => isChanges(payload, 'session', ['id']))
    ? data.sessionChanges
    : null;
}

/** Reads a payload of `WatchSession`. */
export function readSession(data: unknown): WatchSession | null {
  return hasField<WatchSession>(data, 'session', (session) => session === null || hasString(session, 'id'))
    ? data
    : null;
}

/** Reads a payload of `WatchResources`. */
export function readResources(data: unknown): WatchResources | null {
  return hasField<WatchResources>(
    data,
    'session',
    (session) =>
      session === null || (hasString(session, 'id') && isRecord(session) && Array.isArray(session.resources)),
  )
    ? data
    : null;
}

/** Reads a payload of `WatchLog`. */
export function readLogLines(data: unknown): WatchLog['log'] | null {
  return hasField<WatchLog>(data, 'log', isLogLines) ? data.log : null;
}

function isLogLines(payload: unknown): boolean {
  return (
    isRecord(payload) &&
    typeof payload.reset === 'boolean' &&
    typeof payload.dropped === 'number' &&
    Array.isArray(payload.lines) &&
    payload.lines.every((line: unknown) => hasString(line, 'styledText'))
  );
}

function hasField<T>(
  data: unknown,
  field: keyof T & string,
  isValid: (value: unknown) => boolean,
): data is T {
  return isRecord(data) && field in data && isValid(data[field]);
}

function isChanges(payload: unknown, member: string, keys: readonly string[]): boolean {
  return (
    isRecord(payload) &&
    typeof payload.cursor === 'string' &&
    typeof payload.reset === 'boolean' &&
    typeof payload.conflated === 'number' &&
    Array.isArray(payload.changes) &&
    payload.changes.every(
      (change: unknown) => isRecord(change) && keys.every((key) => hasString(change[member], key)),
    )
  );
}

function hasString(value: unknown, key: string): boolean {
  return isRecord(value) && typeof value[key] === 'string';
}
