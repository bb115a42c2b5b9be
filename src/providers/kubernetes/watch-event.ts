import { isRecord } from '../../lib/is-record.js';
import { DecodeError, decodeSession } from '../../model/decode.js';
import { oneLine } from '../../model/one-line.js';
import type { Session } from '../../model/session.js';
import { identityOf, type ObjectIdentity } from './object-identity.js';

/** One event of a watch. */
export type WatchEvent =
  /** ADDED or MODIFIED, which mean the same: Tilt starts each watch with all objects as ADDED. */
  | { readonly type: 'put'; readonly object: DecodedObject }
  | { readonly type: 'delete'; readonly identity: ObjectIdentity }
  /** Nothing but how far the watch is. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string }
  /** The server cannot go on with this watch; `expired` when it no longer knows the version (410). */
  | { readonly type: 'error'; readonly expired: boolean; readonly message: string }
  | { readonly type: 'unreadable'; readonly error: string };

/** An object of a list or a watch: its Session, or in one line why it is none. */
export interface DecodedObject {
  readonly identity: ObjectIdentity;
  readonly session: Session | string;
  /** Which targets were taken over from an earlier state. Default: none, all were decoded. */
  readonly reuse?: TargetReuse;
}

/** Targets that were taken over from an earlier state of a Session. */
export interface TargetReuse {
  readonly from: Session;
  /** Indices of the targets that were decoded again. All others are the same, in the same places. */
  readonly changedTargets: readonly number[];
}

/** Decodes an object. Pure. */
export function decodeObject(object: unknown, source: string): DecodedObject {
  const identity = identityOf(object, source);
  return { identity, session: orMessage(() => decodeSession(object, identity.instance)) };
}

/** The Session, or the message of the `DecodeError` that says why it is none. */
export function orMessage(decode: () => Session): Session | string {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}

/** Reads one line of a watch. Pure; what makes no sense is an event too. */
export function readWatchEvent(line: string | Buffer, source: string): WatchEvent {
  const event = parseJson(String(line));
  if (!isRecord(event)) return unreadable('a JSON object', line);
  const { type, object } = event;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { type: 'put', object: decodeObject(object, source) };
    case 'DELETED':
      return { type: 'delete', identity: identityOf(object, source) };
    case 'BOOKMARK':
      return { type: 'bookmark', resourceVersion: identityOf(object, source).resourceVersion ?? '' };
    case 'ERROR':
      return errorEvent(object);
    default:
      return unreadable('a type ADDED, MODIFIED, DELETED, BOOKMARK or ERROR', line);
  }
}

function errorEvent(status: unknown): WatchEvent {
  const { code, message, reason } = isRecord(status) ? status : {};
  const text = [message, reason, code].find((part) => typeof part === 'string' || typeof part === 'number');
  return { type: 'error', expired: code === 410, message: oneLine(String(text ?? '')) || 'no reason given' };
}

function unreadable(expected: string, bytes: string | Buffer): WatchEvent {
  const line = String(bytes).trim();
  const got = line.length > 60 ? `${line.slice(0, 59)}…` : line;
  return {
    type: 'unreadable',
    error: oneLine(`a line of the watch: expected ${expected}, got ${JSON.stringify(got)}`),
  };
}

/** Undefined for what is no JSON. */
export function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
