import type { ServerResponse } from 'node:http';
import type { SessionJson } from './session-json.js';
import { createTiltObjects } from './tilt-objects.js';
import {
  createBookmark,
  createList,
  createStatus,
  type Fault,
  formatWatchEvent,
  openStream,
  send,
} from './tilt-responses.js';
import { createTiltWatchers, type TiltWatchers } from './tilt-watchers.js';

/** Kinds of Tilt's API that the test server can have. */
export const PLURALS = ['sessions', 'uiresources', 'clusters'] as const;

/** Last part of the path of a kind. */
export type Plural = (typeof PLURALS)[number];

/** A request for the objects of a kind. */
export type Verb = 'list' | 'watch';

/** The objects of one kind on a test server, and the watches of them, with faults on demand. */
export interface TiltKind {
  /** The current objects, as listed. */
  readonly objects: readonly SessionJson[];
  /** Adds or replaces an object with the next `resourceVersion`, notifies watchers and returns it. */
  put(object: SessionJson): SessionJson;
  /** Removes an object and notifies watchers. */
  remove(name: string): void;
  /** Plays a recorded line: watchers receive it unchanged, and its object is listed unchanged. */
  play(line: string): void;
  /** Sends an event with this exact object to watchers, without changing the stored objects. */
  emit(type: string, object: unknown): void;
  /** Writes raw bytes to watchers. */
  write(bytes: string | Uint8Array): void;
  /** Sends a BOOKMARK to watchers (`kubernetes`). */
  bookmark(): void;
  /**
   * Compacts past events (`kubernetes`): watches from before get 410 as an HTTP status or as an ERROR event.
   */
  compact(as: 'status' | 'event'): void;

  /** Responds with a fault to the next `times` requests, or to all until `clearFaults`. */
  respond(verb: Verb, fault: Fault, times?: number): void;
  /** Removes all faults set by `respond`. */
  clearFaults(): void;
  /** Stops sending to the open watches, which stay open, as on a half-open connection. New watches work. */
  stallWatches(): void;
  /** Ends all watches cleanly, as Tilt does after 30 to 60 minutes. */
  endWatches(): void;
  /** Destroys the connections of all watches, after sending `halfLine` to each. */
  cut(halfLine?: string): Promise<void>;
  /** Assigns new uids and versions from 1, like a new process. */
  restart(): void;

  readonly openWatches: number;
  /** Longest stall of a write to a watcher in milliseconds; see `TiltWatchers`. */
  readonly longestStallMs: number;
  /** Resolves when watchers have received everything that was written. */
  drained(): Promise<void>;
  /** Number of requests so far. */
  count(verb: Verb): number;

  /** Counts a request. Returns the fault to respond with; null for none. */
  receive(verb: Verb): Fault | null;
  /** Responds to a request without a fault. */
  answer(verb: Verb, resourceVersion: number, response: ServerResponse): void;
}

/** Creates a kind without objects. Calls `onChange` when a watch opens or closes. */
export function createTiltKind(plural: Plural, mode: 'tilt' | 'kubernetes', onChange: () => void): TiltKind {
  const objects = createTiltObjects();
  const faults = new Map<Verb, { readonly fault: Fault; times: number }>();
  const counts = { list: 0, watch: 0 };
  /** Watches that receive events. */
  let watchers = createTiltWatchers(onChange);
  /** Watches that are only kept open. */
  const stalled: TiltWatchers[] = [];
  let expiredAs: 'status' | 'event' = 'status';

  return {
    get objects() {
      return objects.all;
    },
    put(given) {
      const { type, object } = objects.put(given);
      emit(type, object);
      return object;
    },
    remove(name) {
      const event = objects.remove(name);
      if (event) emit(event.type, event.object);
    },
    play(line) {
      const { object }: { readonly object: SessionJson } = JSON.parse(line);
      objects.putRaw(object);
      watchers.write(`${line}\n`);
    },
    emit,
    write: (bytes) => watchers.write(bytes),
    bookmark: () => emit('BOOKMARK', createBookmark(objects.version)),
    compact(as) {
      expiredAs = as;
      objects.compact();
    },

    respond: (verb, fault, times = Number.POSITIVE_INFINITY) => void faults.set(verb, { fault, times }),
    clearFaults: () => faults.clear(),
    stallWatches() {
      stalled.push(watchers);
      watchers = createTiltWatchers(onChange);
    },
    endWatches: () => watchers.end(),
    cut: (halfLine = '') => watchers.cut(halfLine),
    restart: objects.restart,

    get openWatches() {
      return [watchers, ...stalled].reduce((sum, { size }) => sum + size, 0);
    },
    get longestStallMs() {
      return Math.max(...[watchers, ...stalled].map(({ longestStallMs }) => longestStallMs));
    },
    drained: () => watchers.drained(),
    count: (verb) => counts[verb],

    receive(verb) {
      counts[verb] += 1;
      const found = faults.get(verb);
      if (!found) return null;
      found.times -= 1;
      if (found.times <= 0) faults.delete(verb);
      return found.fault;
    },
    answer(verb, resourceVersion, response) {
      if (verb === 'watch') watch(resourceVersion, response);
      else send(response, 200, createList(plural, objects.all, objects.version));
    },
  };

  function watch(resourceVersion: number, response: ServerResponse): void {
    const resumes = mode === 'kubernetes' && resourceVersion > 0;
    const events = resumes ? objects.eventsAfter(resourceVersion) : objects.all.map(asAdded);
    if (events === null) expire(response);
    else
      watchers.add(
        openStream(response),
        events.map(({ type, object }) => formatWatchEvent(type, object)),
      );
  }

  function expire(response: ServerResponse): void {
    const status = createStatus(410, 'too old resource version');
    if (expiredAs === 'status') send(response, 410, status);
    else openStream(response).end(formatWatchEvent('ERROR', status));
  }

  function emit(type: string, object: unknown): void {
    watchers.write(formatWatchEvent(type, object));
  }
}

function asAdded(object: SessionJson) {
  return { type: 'ADDED', object };
}
