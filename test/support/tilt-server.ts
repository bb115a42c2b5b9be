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

/** Options of {@link createTiltServer}. */
export interface TiltServerOptions {
  /**
   * `tilt` (default): a watch starts with the current objects as ADDED and ignores `resourceVersion`.
   * `kubernetes`: a watch resumes after the given `resourceVersion`, with bookmarks on request and 410 when
   * it was compacted.
   */
  readonly mode?: 'tilt' | 'kubernetes';
  /** Initial Sessions. Default: none. */
  readonly sessions?: readonly SessionJson[];
  /** Accepted bearer token. Default: a random token. */
  readonly token?: string;
  /** Accepted `Authorization` header instead of a bearer token, for Basic. */
  readonly authorization?: string;
  /** Whether clients authenticate with a certificate of the CA instead of a token. */
  readonly clientCertificates?: boolean;
  /**
   * Names in the certificate. Default: `localhost` and `127.0.0.1`, with a CA shared by the servers of a
   * process.
   */
  readonly names?: readonly string[];
  /** Whether to serve plain HTTP. */
  readonly plain?: boolean;
}

export type { Fault };

/** Kind of request. */
export type RequestKind = 'list' | 'watch' | 'version' | 'other';

/** A received request. */
interface SeenRequest {
  readonly kind: RequestKind;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
}

/** A fake of Tilt's API server on a random port of 127.0.0.1, with faults on demand. */
export interface TiltServer {
  /** `https://127.0.0.1:<port>`. Changes with `restart`. */
  readonly url: string;
  readonly token: string;
  readonly tls: TestTls;

  /** The current Sessions, as listed. */
  readonly sessions: readonly SessionJson[];
  /**
   * Adds or replaces a Session with the next `resourceVersion` and notifies watchers. Returns the stored
   * Session.
   */
  put(session: SessionJson): SessionJson;
  /** Removes a Session and notifies watchers. */
  remove(name: string): void;
  /** Replays a recorded watch: lines are sent to watchers unchanged, objects are listed unchanged. */
  replay(lines: readonly { readonly line: string }[]): WatchReplay;

  /** Sends an event with this exact object to watchers, without changing the stored Sessions. */
  emit(type: string, object: unknown): void;
  /** Writes raw bytes to watchers. */
  write(bytes: string | Uint8Array): void;
  /** Sends a BOOKMARK to watchers (`kubernetes`). */
  bookmark(): void;
  /**
   * Compacts past events (`kubernetes`): watches from before get 410 as an HTTP status or as an ERROR
   * event.
   */
  compact(as: 'status' | 'event'): void;

  /** Responds with a fault to the next `times` requests of a kind, or to all until `clearFaults`. */
  respond(kind: RequestKind, fault: Fault, times?: number): void;
  /** Stops sending to the open watches, which stay open, as on a half-open connection. New watches work. */
  stallWatches(): void;
  /** Removes all faults set by `respond`. */
  clearFaults(): void;
  /** Ends all watches cleanly, as Tilt does after 30 to 60 minutes. */
  endWatches(): void;
  /** Destroys all connections, after sending `halfLine` to each watch. */
  cut(halfLine?: string): Promise<void>;
  /** Stops like a killed process. `restart` starts it again. */
  stop(): Promise<void>;
  /** Restarts like a new Tilt: new port, token and uids, versions from 1, and with `freshCa` a new CA. */
  restart(options?: { readonly freshCa?: boolean }): Promise<void>;

  /** Number of connections since the last start. */
  readonly connections: number;
  readonly openWatches: number;
  /** Every request so far. */
  readonly requests: readonly SeenRequest[];
  /** Counts the requests of a kind so far. */
  count(kind: RequestKind): number;
  /** Resolves when the condition holds, evaluated at each request and when a watch opens or closes. */
  until(condition: () => boolean): Promise<void>;
  /**
   * Longest stall of a write to a watcher in milliseconds; see `TiltWatchers`. The measure of guarantee U1.
   */
  readonly longestStallMs: number;
  /** Resolves when watchers have received everything that was written. */
  drained(): Promise<void>;

  /** Stops the server. May be called twice. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A replay in progress. */
interface WatchReplay {
  /** Plays the next line. Returns false at the end. */
  step(): boolean;
  /** Plays all remaining lines as fast as possible. */
  playRemaining(): void;
}

/** Starts a {@link TiltServer}. The caller closes it: `await using server = await createTiltServer()`. */
export async function createTiltServer(options: TiltServerOptions = {}): Promise<TiltServer> {
  const objects = createTiltObjects();
  const faults = new Map<RequestKind, { readonly fault: Fault; times: number }>();
  const requests: SeenRequest[] = [];
  const conditions = new Set<() => void>();
  /** Watches that receive events. */
  let watchers = createTiltWatchers(runChecks);
  /** Watches that are only kept open. */
  const stalled: TiltWatchers[] = [];
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
      stalled.push(watchers);
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
      return [watchers, ...stalled].reduce((sum, { size }) => sum + size, 0);
    },
    requests,
    count,
    until,
    get longestStallMs() {
      return Math.max(...[watchers, ...stalled].map(({ longestStallMs }) => longestStallMs));
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
