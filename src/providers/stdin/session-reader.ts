import { isRecord } from '../../lib/is-record.js';
import type { Change, StaleState } from '../../model/change.js';
import { oneLine } from '../../model/plain-text.js';
import type { SessionId } from '../../model/session.js';
import { isList, listedKind, splitItems } from '../decode-sessions.js';
import { toFactObject } from '../fact-objects.js';
import { createFactTable } from '../fact-table.js';
import { decodeObject, readWatchEvent } from '../kubernetes/list-watch.js';
import { createWatchState } from '../kubernetes/watch-state.js';
import { createFactAttacher } from './attach-facts.js';
import { createJsonSplitter, type JsonPiece } from './json-splitter.js';

/** Converts the bytes of a stream to changes. */
export interface SessionReader {
  /** Takes the next chunk. */
  push(chunk: Uint8Array): Change[];
  /** Ends the stream. */
  end(): Change[];
  /** Ids of the present Sessions. */
  readonly ids: readonly SessionId[];
  /** Problem of the last value, apart from those that only hold facts; null when it was valid. */
  readonly problem: string | null;
}

/**
 * Creates a reader of the output of `tilt get … -o json`, with `-w`, with `--output-watch-events`, or
 * without: objects, watch events and lists, pretty-printed or one per line, in any order. No I/O.
 *
 * The first valid Session leads to the snapshot. An invalid value becomes a `stale` with its number, and
 * reading continues. A list is the complete list of each kind that it holds; an empty one of the Sessions.
 * Versions that Tilt delivered out of order are dropped, as in a watch.
 *
 * `UIResource` and `Cluster` objects are the facts of the Sessions in their namespace. An invalid one keeps
 * its last good facts.
 */
export function createSessionReader(instance: string): SessionReader {
  const splitter = createJsonSplitter();
  const state = createWatchState(instance);
  const table = createFactTable(instance);
  const attacher = createFactAttacher(table);
  let problem: string | null = null;
  let isSynced = false;

  return {
    push: (chunk) => attacher.attach(splitter.push(chunk).flatMap(readPiece)),
    end() {
      const last = attacher.attach(splitter.end().flatMap(readPiece));
      return isSynced ? last : [{ type: 'snapshot', sessions: [] }, ...last];
    },
    get ids() {
      return attacher.ids;
    },
    get problem() {
      return problem;
    },
  };

  function readPiece(piece: JsonPiece): Change[] {
    const changes = 'problem' in piece ? [stale(piece.problem)] : readText(piece.text);
    return changes.map((change) => track(snapshotFirst(withNumber(change, piece.number))));
  }

  function track(change: Change): Change {
    problem = errorsOf(change).at(-1)?.error ?? null;
    return change;
  }

  function readText(text: string): Change[] {
    const value = parse(text);
    if (value instanceof SyntaxError) return [stale(`expected JSON: ${value.message}`)];
    if (isList(value)) return readList(value);
    if (isWatchEvent(value)) return readFactEvent(value) ?? readEvent(text);
    const object = toFactObject(value);
    if (object === null) return state.event({ type: 'put', object: decodeObject(value, instance) });
    table.put(object);
    return [];
  }

  function readList(list: JsonObject): Change[] {
    const items = list.items ?? [];
    if (!Array.isArray(items)) return [stale('items: expected a list')];
    const { others, factObjects } = splitItems(list, items);
    const kinds = new Set([listedKind(list), ...factObjects.map(({ kind }) => kind)]);
    for (const kind of kinds) {
      const values = factObjects.filter((object) => object.kind === kind).map(({ value }) => value);
      if (kind !== null) table.replaceAll(kind, values);
    }
    const hasOnlyFacts = others.length === 0 && (factObjects.length > 0 || listedKind(list) !== null);
    return hasOnlyFacts ? [] : state.list({ resourceVersion: '', items: others.map(({ item }) => item) });
  }

  /** Returns null for an event of another object, or of an unknown type. */
  function readFactEvent({ type, object: value }: WatchEventJson): Change[] | null {
    const object = toFactObject(value);
    if (object === null) return null;
    if (type === 'DELETED') table.remove(object);
    else if (type === 'ADDED' || type === 'MODIFIED') table.put(object);
    else if (type !== 'BOOKMARK') return null;
    return [];
  }

  function readEvent(text: string): Change[] {
    const event = readWatchEvent(text, instance);
    return event.type === 'error' ? [stale(`the watch failed: ${event.message}`)] : state.event(event);
  }

  function snapshotFirst(change: Change): Change {
    if (isSynced || change.type === 'stale') return change;
    isSynced = true;
    // Before the snapshot, nothing is known that could be removed.
    return change.type === 'upsert' ? { type: 'snapshot', sessions: [change.session] } : change;
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

interface WatchEventJson {
  readonly type: unknown;
  readonly object: unknown;
}

function isWatchEvent(value: unknown): value is WatchEventJson {
  return isRecord(value) && 'type' in value && 'object' in value;
}

function stale(error: string): Change {
  return { type: 'stale', error: oneLine(error) };
}

function errorsOf(change: Change): readonly StaleState[] {
  if (change.type === 'snapshot') return change.stale ?? [];
  return change.type === 'stale' ? [change] : [];
}

function withNumber(change: Change, number: number): Change {
  const withPlace = <S extends StaleState>(state: S) => ({
    ...state,
    error: `value ${number}: ${state.error}`,
  });
  if (change.type === 'stale') return withPlace(change);
  if (change.type !== 'snapshot' || change.stale === undefined) return change;
  return { ...change, stale: change.stale.map(withPlace) };
}

/** Parses JSON; returns the `SyntaxError` of invalid JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}
