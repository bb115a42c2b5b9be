import { isRecord } from '../../lib/is-record.js';
import type { Change } from '../../model/change.js';
import { oneLine } from '../../model/one-line.js';
import type { SessionId } from '../../model/session.js';
import { isList } from '../decode-sessions.js';
import { decodeObject, readWatchEvent } from '../kubernetes/watch-event.js';
import { createWatchState } from '../kubernetes/watch-state.js';
import { createJsonSplitter, type JsonPiece } from './json-stream.js';

/** Turns the bytes of a stream into changes. */
export interface SessionReader {
  /** Takes the next bytes, wherever they were cut. */
  push(bytes: Uint8Array): Change[];
  /** The stream has ended. */
  end(): Change[];
  /** The Sessions there are. */
  readonly ids: readonly SessionId[];
  /** What is wrong with the last values; null once a value could be read again. */
  readonly problem: string | null;
}

/**
 * Reads what `tilt get session -o json` prints, with `-w`, with `--output-watch-events`, or without: Sessions, watch
 * events and lists, pretty-printed or one a line. No I/O.
 *
 * The snapshot comes with the first value. A bad value is `stale`, tells which it is, and the next is read. A list says
 * what there is, all of it. Versions that Tilt delivers out of order are dropped, as on a watch.
 */
export function createSessionReader(instance: string): SessionReader {
  const splitter = createJsonSplitter();
  const state = createWatchState(instance);
  const ids = new Set<SessionId>();
  let problem: string | null = null;
  let isSynced = false;

  return {
    push: (bytes) => splitter.push(bytes).flatMap(read),
    end() {
      const last = splitter.end().flatMap(read);
      return isSynced ? last : [{ type: 'snapshot', sessions: [] }, ...last];
    },
    get ids() {
      return [...ids];
    },
    get problem() {
      return problem;
    },
  };

  function read(piece: JsonPiece): Change[] {
    const changes = 'problem' in piece ? [doubt(piece.problem)] : changesOf(piece.text);
    return changes.map((change) => note(snapshotFirst(withNumber(change, piece.number))));
  }

  function note(change: Change): Change {
    problem = change.type === 'stale' ? change.error : null;
    if (change.type === 'snapshot') {
      ids.clear();
      for (const { id } of change.sessions) ids.add(id);
    } else if (change.type === 'upsert') ids.add(change.session.id);
    else if (change.type === 'remove') ids.delete(change.id);
    return change;
  }

  function changesOf(text: string): Change[] {
    const value = parse(text);
    if (value instanceof SyntaxError) return [doubt(`expected JSON: ${value.message}`)];
    if (isList(value)) return listed(value);
    if (isWatchEvent(value)) return told(text);
    return state.event({ type: 'put', object: decodeObject(value, instance) });
  }

  function listed(list: Readonly<Record<string, unknown>>): Change[] {
    const items = list.items ?? [];
    if (!Array.isArray(items)) return [doubt('items: expected a list')];
    return state.list({ resourceVersion: '', items });
  }

  function told(text: string): Change[] {
    const event = readWatchEvent(text, instance);
    return event.type === 'error' ? [doubt(`the watch failed: ${event.message}`)] : state.event(event);
  }

  function snapshotFirst(change: Change): Change {
    if (isSynced || change.type === 'stale') return change;
    isSynced = true;
    // Nothing is known before it that could be removed.
    return change.type === 'upsert' ? { type: 'snapshot', sessions: [change.session] } : change;
  }
}

function isWatchEvent(value: unknown): boolean {
  return isRecord(value) && 'type' in value && 'object' in value;
}

function doubt(error: string): Change {
  return { type: 'stale', error: oneLine(error) };
}

function withNumber(change: Change, number: number): Change {
  return change.type === 'stale' ? { ...change, error: `value ${number}: ${change.error}` } : change;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}
