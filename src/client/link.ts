import { createBackoff } from '../lib/backoff.js';
import { isRecord } from '../lib/is-record.js';
import { type AnsweredError, ClientError, lost } from './client-error.js';
import { type Connection, openConnection, type Request } from './connection.js';
import { type Endpoint, type Token, tokenFrom } from './endpoint.js';
import type { ClientInternals } from './internals.js';

/** A subscription that outlives connections. */
export interface Stream {
  /** What to ask for; asked anew at each connection. */
  request(): Request;
  /** It was asked for at the gateway with this address. */
  begun(url: string): void;
  next(result: { readonly data?: unknown; readonly errors?: unknown }): void;
  /** The gateway did not take it, or (null) ended it. It asks for it anew only at another connection. */
  stopped(errors: readonly AnsweredError[] | null): void;
  /** The connection is lost. The link looks for another, until the stream leaves. */
  lost(error: ClientError, url: string): void;
  /** It is over: no other connection will do, or (null) the client was closed. */
  ended(error: ClientError | null): void;
}

/** The one connection that the streams of a client share, wherever it leads at present. */
export interface Link {
  /** The gateway it leads to, or would. */
  readonly endpoint: Endpoint;
  /** Adds a stream, connecting if need be. Returns the end of it. */
  join(stream: Stream): () => void;
  /** Gives the present gateway up for the next one. */
  leave(error: ClientError): void;
  /** The gateway serves well: the next loss is a first one, if that lasts. */
  healthy(): void;
  /** The time by the gateway's clock, in milliseconds since 1970; null where no gateway has told it. */
  gatewayTime(): number | null;
  /** Ends every stream. */
  close(): void;
}

/** Waits of 0.13 s to 2.5 s: a thousand clients do not come back in one tick, and none waits longer than a person would. */
const BACKOFF = { firstMs: 250, maxMs: 2_500, minShare: 0.5, healthyMs: 5_000 };

/** A link without streams: it connects with the first. */
export function createLink(
  endpoints: readonly [Endpoint, ...Endpoint[]],
  token: Token | undefined,
  { clock, random }: ClientInternals,
): Link {
  const backoff = createBackoff(clock, random, { ...BACKOFF, peers: endpoints.length });
  const streams = new Map<Stream, () => void>();
  let at = 0;
  let connection: Connection | null = null;
  let isConnected = false;
  let isClosed = false;
  /** The gateway's clock minus our monotonic one, in milliseconds. */
  let clockOffset: number | null = null;
  let lastLoss: { readonly error: ClientError; readonly url: string } | null = null;
  /** Ends what goes on without a connection: the wait for the next try, or that for the token. */
  let stopTrying: (() => void) | null = null;

  return {
    get endpoint() {
      return endpoint();
    },
    join,
    leave(error) {
      if (connection) lose(error);
    },
    healthy: backoff.healthy,
    gatewayTime: () => (clockOffset === null ? null : clockOffset + clock.monotonic()),
    close() {
      if (isClosed) return;
      isClosed = true;
      endAll(null);
    },
  };

  function endpoint(): Endpoint {
    return endpoints[at] ?? endpoints[0];
  }

  function join(stream: Stream): () => void {
    if (isClosed) {
      stream.ended(null);
      return () => {};
    }
    streams.set(stream, () => {});
    if (connection) begin(stream);
    else if (stopTrying === null) void connect();
    else if (lastLoss) stream.lost(lastLoss.error, lastLoss.url);
    return () => {
      const end = streams.get(stream);
      streams.delete(stream);
      end?.();
      if (streams.size === 0) rest();
    };
  }

  function begin(stream: Stream): void {
    if (!connection) return;
    const end = connection.subscribe(stream.request(), {
      next: (result) => stream.next(result),
      error: (errors) => stream.stopped(errors),
      complete: () => stream.stopped(null),
    });
    streams.set(stream, end);
    if (isConnected) stream.begun(endpoint().url);
  }

  async function connect(): Promise<void> {
    const trying = new AbortController();
    stopTrying = () => trying.abort();
    const { url } = endpoint();
    const giveUp = clock.after(
      TOKEN_MS,
      () => trying.signal.aborted || fail(lost('token: it was not given in time')),
    );
    try {
      const given = await tokenFrom(token);
      if (!trying.signal.aborted) open(given);
    } catch (error) {
      if (!trying.signal.aborted) fail(error instanceof ClientError ? error : lost(`${url}: ${error}`));
    } finally {
      giveUp();
    }

    function fail(error: ClientError): void {
      trying.abort();
      lose(error);
    }
  }

  function open(given: string | null): void {
    stopTrying = null;
    const opened = openConnection({
      endpoint: endpoint(),
      token: given,
      clock,
      onConnected(payload) {
        if (connection !== opened) return;
        const time = timeIn(payload);
        clockOffset = time === null ? null : time - clock.monotonic();
        isConnected = true;
        for (const stream of [...streams.keys()]) stream.begun(endpoint().url);
      },
      onLost(error) {
        if (connection === opened) lose(error);
      },
    });
    connection = opened;
    for (const stream of [...streams.keys()]) begin(stream);
  }

  /** The gateway is lost: goes on to the next, unless none will do. */
  function lose(error: ClientError): void {
    const { url } = endpoint();
    rest();
    if (error.code === 'UNAUTHENTICATED') {
      endAll(error);
      return;
    }
    lastLoss = { error, url };
    at = (at + 1) % endpoints.length;
    const stop = clock.after(backoff.failed(), () => void connect());
    stopTrying = stop;
    for (const stream of [...streams.keys()]) if (streams.has(stream)) stream.lost(error, url);
  }

  /** Lets go of the connection, or of the way to one. */
  function rest(): void {
    stopTrying?.();
    stopTrying = null;
    connection?.close();
    connection = null;
    isConnected = false;
    lastLoss = null;
    backoff.troubled();
  }

  function endAll(error: ClientError | null): void {
    const all = [...streams.keys()];
    streams.clear();
    rest();
    for (const stream of all) stream.ended(error);
  }
}

/** The gateway's time in the payload of `connection_ack`, `{ time }`; null from a gateway that does not tell it. */
function timeIn(payload: unknown): number | null {
  const ms = isRecord(payload) && typeof payload.time === 'string' ? Date.parse(payload.time) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** How long a token may take to be given, in milliseconds. */
const TOKEN_MS = 10_000;
