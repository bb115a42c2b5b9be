import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Listener, listen } from './listener.js';
import type { SessionJson } from './session-json.js';
import { createTiltObjects } from './tilt-objects.js';
import {
  createBookmark,
  createSessionList,
  createStatus,
  type Fault,
  formatWatchEvent,
  openStream,
  send,
  sendFault,
  sendRecorded,
} from './tilt-responses.js';
import { createTiltWatchers, type TiltWatchers } from './tilt-watchers.js';
import { createTls, sharedTls, type TestTls } from './tls.js';

/** What may be said of a {@link TiltServer} when it is made. */
export interface TiltServerOptions {
  /**
   * `tilt` (the default): a watch starts with the current objects as ADDED, and ignores `resourceVersion`. `kubernetes`: it
   * goes on after the given `resourceVersion`, with bookmarks for those who want them, and 410 when it is forgotten.
   */
  readonly mode?: 'tilt' | 'kubernetes';
  /** What it has at first. Default: nothing. */
  readonly sessions?: readonly SessionJson[];
  /** The bearer token that lets in. Default: one of its own. */
  readonly token?: string;
  /** The whole `Authorization` header that lets in, instead of the token: for Basic. */
  readonly authorization?: string;
  /** Lets in who has a certificate of its CA, and no other; no token is asked for. */
  readonly clientCertificates?: boolean;
  /** For which names its certificate is. Default: `localhost` and `127.0.0.1`, with a CA that servers of a process share. */
  readonly names?: readonly string[];
  /** Without TLS. */
  readonly plain?: boolean;
}

export type { Fault };

/** What a request asks for. */
export type RequestKind = 'list' | 'watch' | 'version' | 'other';

/** A request that came. */
interface SeenRequest {
  readonly kind: RequestKind;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** An API server on a random port of 127.0.0.1 that stands in for Tilt's, and does what no Tilt does on demand. */
export interface TiltServer {
  /** `https://127.0.0.1:<port>`; another one after `restart`. */
  readonly url: string;
  readonly token: string;
  readonly tls: TestTls;

  /** What it has, as it lists it. */
  readonly sessions: readonly SessionJson[];
  /** Adds or replaces a Session, which gets the next `resourceVersion`, and tells the watchers. Gives what it told. */
  put(session: SessionJson): SessionJson;
  /** Removes a Session and tells the watchers. */
  remove(name: string): void;
  /** Plays a recorded watch: the lines go to the watchers as they are, the objects are listed as they are. */
  replay(lines: readonly { readonly line: string }[]): WatchReplay;

  /** Tells the watchers an event that changes nothing here, with the object exactly as it is. */
  emit(type: string, object: unknown): void;
  /** Writes bytes to the watchers, whatever they are. */
  write(bytes: string | Uint8Array): void;
  /** Tells the watchers how far the server is (`kubernetes`). */
  bookmark(): void;
  /** Forgets what happened so far (`kubernetes`): who wants to watch from before gets 410, as a status or as an ERROR event. */
  compact(as: 'status' | 'event'): void;

  /** Answers requests of a kind like this from here on: the next `times` of them, or all until `heal`. */
  respond(kind: RequestKind, fault: Fault, times?: number): void;
  /** Open watches stay open, but are told nothing more: one end of a half-open connection. New ones are told. */
  stallWatches(): void;
  /** Takes back every `respond`. */
  clearFaults(): void;
  /** Ends all watches cleanly, as Tilt does after 30 to 60 minutes. */
  endWatches(): void;
  /** Breaks all connections; each watch in the midst of a line, if one is given. */
  cut(halfLine?: string): Promise<void>;
  /** Ends like a process that is killed. `restart` brings it back. */
  stop(): Promise<void>;
  /** As a Tilt that is started again: new port, new token, new uids, versions from 1; a new CA, if asked for. */
  restart(options?: { readonly freshCa?: boolean }): Promise<void>;

  /** How many connections were made since it started. */
  readonly connections: number;
  readonly openWatches: number;
  /** Every request so far. */
  readonly requests: readonly SeenRequest[];
  /** How many of a kind came so far. */
  count(kind: RequestKind): number;
  /** Resolves once the condition holds; it is looked at when a request comes and when a watch opens or is over. */
  until(condition: () => boolean): Promise<void>;
  /** The longest that a write to a watcher was held up, in milliseconds; see `TiltWatchers`. What guarantee U1 is measured by. */
  readonly longestStallMs: number;
  /** Resolves when all that was written to the watchers has been taken by them. */
  drained(): Promise<void>;

  /** Stops for good. Twice is harmless. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A recording that is being played. */
interface WatchReplay {
  /** Plays the next line; false when there is none. */
  step(): boolean;
  /** Plays all the lines that are left, as fast as possible. */
  playRemaining(): void;
}

/** Starts a {@link TiltServer}. Whoever starts it closes it: `await using server = await createTiltServer()`. */
export async function createTiltServer(options: TiltServerOptions = {}): Promise<TiltServer> {
  const objects = createTiltObjects();
  const faults = new Map<RequestKind, { readonly fault: Fault; times: number }>();
  const requests: SeenRequest[] = [];
  const conditions = new Set<() => void>();
  /** The watches that are told what happens, and those that are only kept open. */
  let watchers = createTiltWatchers(runChecks);
  const muted: TiltWatchers[] = [];
  let expiredAs: 'status' | 'event' = 'status';
  let token = options.token ?? newToken();
  let tls = options.names ? await createTls(options.names) : await sharedTls();
  let listener = await open();
  for (const session of options.sessions ?? []) objects.put(session);

  return {
    get url() {
      return `${options.plain ? 'http' : 'https'}://127.0.0.1:${listener.port}`;
    },
    get token() {
      return token;
    },
    get tls() {
      return tls;
    },
    get sessions() {
      return objects.all;
    },
    put(session) {
      const { type, object } = objects.put(session);
      emit(type, object);
      return object;
    },
    remove(name) {
      const event = objects.remove(name);
      if (event) emit(event.type, event.object);
    },
    replay: (lines) => createReplay(lines, playLine),

    emit,
    write: (bytes) => watchers.write(bytes),
    bookmark: () => emit('BOOKMARK', createBookmark(objects.version)),
    compact(as) {
      expiredAs = as;
      objects.compact();
    },

    respond: (kind, fault, times = Number.POSITIVE_INFINITY) => void faults.set(kind, { fault, times }),
    stallWatches() {
      muted.push(watchers);
      watchers = createTiltWatchers(runChecks);
    },
    clearFaults: () => faults.clear(),
    endWatches: () => watchers.end(),
    async cut(halfLine = '') {
      await watchers.cut(halfLine);
      listener.cut();
    },
    stop: () => listener.stop(),
    async restart({ freshCa = false } = {}) {
      await listener.stop();
      objects.restart();
      token = newToken();
      if (freshCa) tls = await createTls(options.names);
      listener = await open();
    },

    get connections() {
      return listener.connections;
    },
    get openWatches() {
      return [watchers, ...muted].reduce((sum, { size }) => sum + size, 0);
    },
    requests,
    count,
    until,
    get longestStallMs() {
      return Math.max(...[watchers, ...muted].map(({ longestStallMs }) => longestStallMs));
    },
    drained: () => watchers.drained(),

    close: () => listener.stop(),
    [Symbol.asyncDispose]: () => listener.stop(),
  };

  function open(): Promise<Listener> {
    const { plain = false, clientCertificates = false } = options;
    return listen(handle, { tls: plain ? null : tls, clientCertificates });
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://any');
    const kind = classifyRequest(url);
    requests.push({ kind, url: request.url ?? '', headers: request.headers });
    const fault = takeFault(kind);
    if (fault !== null) sendFault(response, fault);
    else if (!isAllowed(request)) sendRecorded(response, 'list-403-wrong-token');
    else answer(kind, url, response);
    runChecks();
  }

  function isAllowed({ headers }: IncomingMessage): boolean {
    return (
      options.clientCertificates || headers.authorization === (options.authorization ?? `Bearer ${token}`)
    );
  }

  function takeFault(kind: RequestKind): Fault | null {
    const found = faults.get(kind);
    if (!found) return null;
    found.times -= 1;
    if (found.times <= 0) faults.delete(kind);
    return found.fault;
  }

  function answer(kind: RequestKind, url: URL, response: ServerResponse): void {
    if (kind === 'list') send(response, 200, createSessionList(objects.all, objects.version));
    else if (kind === 'watch') watch(response, Number(url.searchParams.get('resourceVersion')));
    else sendRecorded(response, kind === 'version' ? 'version-200' : 'get-404');
  }

  function watch(response: ServerResponse, resourceVersion: number): void {
    const resumes = options.mode === 'kubernetes' && resourceVersion > 0;
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

  function playLine(line: string): void {
    const { object }: { readonly object: SessionJson } = JSON.parse(line);
    objects.putRaw(object);
    watchers.write(`${line}\n`);
  }

  function count(kind: RequestKind): number {
    return requests.filter((request) => request.kind === kind).length;
  }

  function until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition()) return;
        conditions.delete(check);
        resolve();
      };
      conditions.add(check);
      check();
    });
  }

  function runChecks(): void {
    for (const check of conditions) check();
  }
}

function asAdded(object: SessionJson) {
  return { type: 'ADDED', object };
}

function newToken(): string {
  return `token-${randomUUID()}`;
}

function classifyRequest(url: URL): RequestKind {
  if (url.pathname === '/version') return 'version';
  if (!url.pathname.endsWith('/apis/tilt.dev/v1alpha1/sessions')) return 'other';
  return url.searchParams.get('watch') === '1' ? 'watch' : 'list';
}

function createReplay(
  lines: readonly { readonly line: string }[],
  play: (line: string) => void,
): WatchReplay {
  const left = [...lines];
  const step = () => {
    const next = left.shift();
    if (next) play(next.line);
    return next !== undefined;
  };
  return {
    step,
    playRemaining() {
      while (step());
    },
  };
}
