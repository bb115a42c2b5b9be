import { finished, type Readable } from 'node:stream';
import { isRecord } from '../../lib/is-record.js';
import type { Change } from '../../model/change.js';
import { oneLine } from '../../model/plain-text.js';
import type { SessionId } from '../../model/session.js';
import { isList } from '../decode-sessions.js';
import { decodeObject, readWatchEvent } from '../kubernetes/list-watch.js';
import { createWatchState } from '../kubernetes/watch-state.js';
import { ProviderError, type PushChange, type SessionProvider } from '../provider.js';
import { createJsonSplitter, type JsonPiece } from './json-splitter.js';

/** Options of {@link createStreamProvider}. */
export interface StreamProviderOptions {
  /** Name of the provider and instance of its Sessions. Default: `stdin`. */
  readonly name?: string;
  /** Input, read to its end. The caller closes it. */
  readonly input: Readable;
}

/**
 * Creates a provider of the Sessions that another program writes:
 * `tilt get session -w -o json | tilt-graphql serve --source -`.
 *
 * The input is always read at full speed: a full pipe would make `tilt get` stop reading, which blocks Tilt.
 * A stream can be read only once: a second `watch()` rejects with a {@link ProviderError} of code `config`.
 *
 * A stream that ends with unreadable data, or breaks, keeps no Sessions and stays open with its error, which
 * would otherwise be invisible.
 */
export function createStreamProvider({ name = 'stdin', input }: StreamProviderOptions): SessionProvider {
  let isUsed = false;
  return { name, watch: run };

  async function run(push: PushChange, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (isUsed) {
      throw new ProviderError('config', 'a stream can be read only once; start the gateway again');
    }
    isUsed = true;
    const reader = createSessionReader(name);
    const failure = await readAll(input, (chunk) => reader.push(chunk).forEach(push), signal);
    if (signal.aborted) return;
    reader.end().forEach(push);
    const problem = failure ?? reader.problem;
    if (problem === null) return;
    for (const id of reader.ids) push({ type: 'remove', id, reason: 'the stream has ended' });
    push({ type: 'stale', error: problem });
    await waitForAbort(signal);
  }
}

/**
 * Passes each chunk on as it arrives. Resolves at the end of the input or when the signal aborts; with a
 * message when the input broke.
 */
function readAll(
  input: Readable,
  onChunk: (chunk: Uint8Array) => void,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const stopWaiting = finished(input, { writable: false }, (error) => {
      settle(() => resolve(error ? `the stream broke: ${error.message}` : null));
    });
    signal.addEventListener('abort', abandon, { once: true });
    input.on('data', onData);

    function onData(chunk: Uint8Array | string): void {
      try {
        onChunk(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    }

    function abandon(): void {
      settle(() => resolve(null));
    }

    function settle(finish: () => void): void {
      stopWaiting();
      signal.removeEventListener('abort', abandon);
      input.off('data', onData);
      // A flowing input would keep the process alive.
      input.pause();
      finish();
    }
  });
}

function waitForAbort(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Converts the bytes of a stream to changes. */
export interface SessionReader {
  /** Takes the next chunk. */
  push(chunk: Uint8Array): Change[];
  /** Ends the stream. */
  end(): Change[];
  /** Ids of the present Sessions. */
  readonly ids: readonly SessionId[];
  /** Problem of the last value; null when it was valid. */
  readonly problem: string | null;
}

/**
 * Creates a reader of the output of `tilt get session -o json`, with `-w`, with `--output-watch-events`, or
 * without: Sessions, watch events and lists, pretty-printed or one per line. No I/O.
 *
 * The first valid value leads to the snapshot. An invalid value becomes a `stale` with its number, and
 * reading continues. A list is the complete list of Sessions. Versions that Tilt delivered out of order are
 * dropped, as in a watch.
 */
export function createSessionReader(instance: string): SessionReader {
  const splitter = createJsonSplitter();
  const state = createWatchState(instance);
  const ids = new Set<SessionId>();
  let problem: string | null = null;
  let isSynced = false;

  return {
    push: (chunk) => splitter.push(chunk).flatMap(readPiece),
    end() {
      const last = splitter.end().flatMap(readPiece);
      return isSynced ? last : [{ type: 'snapshot', sessions: [] }, ...last];
    },
    get ids() {
      return [...ids];
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
    problem = change.type === 'stale' ? change.error : null;
    if (change.type === 'snapshot') {
      ids.clear();
      for (const { id } of change.sessions) ids.add(id);
    } else if (change.type === 'upsert') ids.add(change.session.id);
    else if (change.type === 'remove') ids.delete(change.id);
    return change;
  }

  function readText(text: string): Change[] {
    const value = parse(text);
    if (value instanceof SyntaxError) return [stale(`expected JSON: ${value.message}`)];
    if (isList(value)) return readList(value);
    if (isWatchEvent(value)) return readEvent(text);
    return state.event({ type: 'put', object: decodeObject(value, instance) });
  }

  function readList(list: Readonly<Record<string, unknown>>): Change[] {
    const items = list.items ?? [];
    if (!Array.isArray(items)) return [stale('items: expected a list')];
    return state.list({ resourceVersion: '', items });
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

function isWatchEvent(value: unknown): boolean {
  return isRecord(value) && 'type' in value && 'object' in value;
}

function stale(error: string): Change {
  return { type: 'stale', error: oneLine(error) };
}

function withNumber(change: Change, number: number): Change {
  return change.type === 'stale' ? { ...change, error: `value ${number}: ${change.error}` } : change;
}

/** Parses JSON; returns the `SyntaxError` of invalid JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return error;
  }
}
