import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Listener, listen } from './listener.js';
import type { SessionJson } from './session-json.js';
import { createTiltKind, PLURALS, type Plural, type TiltKind, type Verb } from './tilt-kind.js';
import { type Fault, send, sendFault, sendRecorded } from './tilt-responses.js';
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
  /** Further kinds that it serves. Default: none, so that it responds with 404, like an old Tilt. */
  readonly kinds?: readonly Exclude<Plural, 'sessions'>[];
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

/** Kind of request. `list` and `watch` are those of Sessions, `facts` those of other kinds. */
export type RequestKind = Verb | 'facts' | 'version' | 'other';

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

  /** The objects and watches of a kind. The members of the same names here are those of `sessions`. */
  kind(plural: Plural): TiltKind;
  /** The current Sessions, as listed. */
  readonly sessions: readonly SessionJson[];
  readonly put: TiltKind['put'];
  readonly remove: TiltKind['remove'];
  readonly emit: TiltKind['emit'];
  readonly write: TiltKind['write'];
  readonly bookmark: TiltKind['bookmark'];
  readonly compact: TiltKind['compact'];
  readonly stallWatches: TiltKind['stallWatches'];
  readonly endWatches: TiltKind['endWatches'];
  /** Replays a recorded watch of Sessions: see {@link TiltKind.play}. */
  replay(lines: readonly { readonly line: string }[]): WatchReplay;

  /** Responds with a fault to the next `times` requests of a kind, or to all until `clearFaults`. */
  respond(kind: Verb, fault: Fault, times?: number): void;
  /** Removes all faults set by `respond`. */
  clearFaults(): void;
  /** Destroys all connections, after sending `halfLine` to each watch of Sessions. */
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
   * Longest stall of a write to a watcher of any kind in milliseconds; see `TiltWatchers`. The measure of
   * guarantee U1.
   */
  readonly longestStallMs: number;
  /** Resolves when watchers of all kinds have received everything that was written. */
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
  const requests: SeenRequest[] = [];
  const conditions = new Set<() => void>();
  const create = (plural: Plural) => createTiltKind(plural, options.mode ?? 'tilt', runChecks);
  const sessions = create('sessions');
  const kinds = new Map<Plural, TiltKind>([['sessions', sessions]]);
  for (const plural of options.kinds ?? []) kinds.set(plural, create(plural));
  const all = () => [...kinds.values()];
  let token = options.token ?? newToken();
  let tls = options.names ? await createTls(options.names) : await sharedTls();
  let listener = await open();
  for (const session of options.sessions ?? []) sessions.put(session);

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
    kind(plural) {
      const kind = kinds.get(plural);
      if (!kind) throw new Error(`The server has no ${plural}.`);
      return kind;
    },
    get sessions() {
      return sessions.objects;
    },
    put: sessions.put,
    remove: sessions.remove,
    emit: sessions.emit,
    write: sessions.write,
    bookmark: sessions.bookmark,
    compact: sessions.compact,
    stallWatches: sessions.stallWatches,
    endWatches: sessions.endWatches,
    replay: (lines) => createReplay(lines, sessions.play),

    respond: sessions.respond,
    clearFaults: sessions.clearFaults,
    async cut(halfLine = '') {
      await sessions.cut(halfLine);
      listener.cut();
    },
    stop: () => listener.stop(),
    async restart({ freshCa = false } = {}) {
      await listener.stop();
      for (const kind of all()) kind.restart();
      token = newToken();
      if (freshCa) tls = await createTls(options.names);
      listener = await open();
    },

    get connections() {
      return listener.connections;
    },
    get openWatches() {
      return sessions.openWatches;
    },
    requests,
    count: (wanted) => requests.filter(({ kind }) => kind === wanted).length,
    until,
    get longestStallMs() {
      return Math.max(...all().map(({ longestStallMs }) => longestStallMs));
    },
    async drained() {
      await Promise.all(all().map((kind) => kind.drained()));
    },

    close: () => listener.stop(),
    [Symbol.asyncDispose]: () => listener.stop(),
  };

  function open(): Promise<Listener> {
    const { plain = false, clientCertificates = false } = options;
    return listen(handle, { tls: plain ? null : tls, clientCertificates });
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', 'http://any');
    const target = parseTarget(url);
    requests.push({ kind: classifyRequest(url, target), url: request.url ?? '', headers: request.headers });
    const kind = target && kinds.get(target.plural);
    const fault = (target && kind?.receive(target.verb)) ?? null;
    if (fault !== null) sendFault(response, fault);
    else if (!isAllowed(request)) sendRecorded(response, 'list-403-wrong-token');
    else if (target && kind)
      kind.answer(target.verb, Number(url.searchParams.get('resourceVersion')), response);
    else if (target) send(response, 404, '404 page not found\n');
    else sendRecorded(response, url.pathname === '/version' ? 'version-200' : 'get-404');
    runChecks();
  }

  function isAllowed({ headers }: IncomingMessage): boolean {
    return (
      options.clientCertificates || headers.authorization === (options.authorization ?? `Bearer ${token}`)
    );
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

function newToken(): string {
  return `token-${randomUUID()}`;
}

/** The kind that a request lists or watches; null for another request. */
function parseTarget({ pathname, searchParams }: URL): { plural: Plural; verb: Verb } | null {
  const plural = PLURALS.find((name) => pathname.endsWith(`/apis/tilt.dev/v1alpha1/${name}`));
  return plural ? { plural, verb: searchParams.get('watch') === '1' ? 'watch' : 'list' } : null;
}

function classifyRequest({ pathname }: URL, target: ReturnType<typeof parseTarget>): RequestKind {
  if (target) return target.plural === 'sessions' ? target.verb : 'facts';
  return pathname === '/version' ? 'version' : 'other';
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
