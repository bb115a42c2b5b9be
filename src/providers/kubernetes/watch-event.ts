import { isRecord } from '../../lib/is-record.js';
import { oneLine } from '../../model/one-line.js';
import { identityOf } from './object-identity.js';

/** What a line of a watch says, before its object is decoded. */
export type WatchEvent =
  /** ADDED or MODIFIED, which mean the same: Tilt starts each watch with all objects as ADDED. */
  | { readonly type: 'put'; readonly object: unknown }
  | { readonly type: 'delete'; readonly object: unknown }
  /** Nothing but how far the watch is. */
  | { readonly type: 'bookmark'; readonly resourceVersion: string }
  /** The server cannot go on with this watch; `expired` when it no longer knows the version (410). */
  | { readonly type: 'error'; readonly expired: boolean; readonly message: string }
  | { readonly type: 'unreadable'; readonly error: string };

/** Reads one line of a watch. Pure; what makes no sense is an event too. */
export function readWatchEvent(line: string): WatchEvent {
  return watchEventOf(parseJson(line), line);
}

/**
 * What the JSON of a line says.
 *
 * @param line itself, to be named where that makes no sense
 */
export function watchEventOf(event: unknown, line: string | Buffer): WatchEvent {
  if (!isRecord(event)) return unreadable('a JSON object', line);
  const { type, object } = event;
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { type: 'put', object };
    case 'DELETED':
      return { type: 'delete', object };
    case 'BOOKMARK':
      return { type: 'bookmark', resourceVersion: identityOf(object).resourceVersion ?? '' };
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
