import { createClient } from 'graphql-ws/client';
import { WebSocket } from '#web-socket';
import type { Clock } from '../lib/clock.js';
import { type AnsweredError, type ClientError, errorsOf, lossOf, lost } from './client-error.js';
import type { Endpoint } from './endpoint.js';

/** What is asked of a gateway. */
export interface Request {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** Who is told what a subscription brings. */
export interface Sink {
  next(result: { readonly data?: unknown; readonly errors?: unknown }): void;
  /** The gateway did not take it. */
  error(errors: readonly AnsweredError[]): void;
  complete(): void;
}

/** One WebSocket to one gateway. */
export interface Connection {
  /** Returns the end of it. */
  subscribe(request: Request, sink: Sink): () => void;
  /** Breaks it off. Nobody is told. */
  close(): void;
}

/** What a connection is made with. */
export interface ConnectionOptions {
  readonly endpoint: Endpoint;
  readonly token: string | null;
  readonly clock: Clock;
  /** The gateway has let it in; the payload is that of `connection_ack`. */
  readonly onConnected: (payload: unknown) => void;
  /** It could not be made, or is no more. Called once at most. */
  readonly onLost: (error: ClientError) => void;
}

/** How long a gateway may take to let a client in, and to answer a ping, in milliseconds. */
const PATIENCE_MS = 10_000;
const PING_MS = 5_000;

/**
 * Opens a WebSocket with the first subscription, and closes it with the last. It is lost when it breaks, when the gateway
 * closes it, and when the gateway stays silent: a laptop that was closed says no goodbye.
 */
export function openConnection(options: ConnectionOptions): Connection {
  const { endpoint, token, clock, onConnected } = options;
  const ends = new Set<() => void>();
  let isOver = false;
  let isConnected = false;
  let stopWaiting = clock.after(PATIENCE_MS, silent);

  const client = createClient({
    url: endpoint.webSocketUrl,
    webSocketImpl: webSocketClass(),
    retryAttempts: 0,
    keepAlive: PING_MS,
    ...(token !== null && { connectionParams: { token } }),
    on: {
      connected(_socket, payload) {
        stopWaiting();
        isConnected = true;
        if (!isOver) onConnected(payload);
      },
      ping(isReceived) {
        if (isReceived || isOver) return;
        stopWaiting();
        stopWaiting = clock.after(PATIENCE_MS, silent);
      },
      message() {
        if (isConnected) stopWaiting();
      },
      error: (error) => lose(lossOf(error, endpoint.url, isConnected)),
      closed: (event) => lose(lossOf(event, endpoint.url, isConnected)),
    },
  });

  return { subscribe, close };

  function subscribe(request: Request, sink: Sink): () => void {
    let isEnded = false;
    const stop = client.subscribe(request, {
      next(result) {
        if (!isEnded) sink.next(result);
      },
      error(reason) {
        // What is no list of errors is the connection's, and told by it.
        const errors = errorsOf(reason);
        if (errors !== null && leave()) sink.error(errors);
      },
      complete() {
        if (leave()) sink.complete();
      },
    });
    ends.add(end);
    return end;

    function end(): void {
      if (leave()) stop();
    }

    function leave(): boolean {
      if (isEnded) return false;
      isEnded = true;
      ends.delete(end);
      return true;
    }
  }

  function silent(): void {
    isConnected = false;
    lose(lost(`${endpoint.url} has not answered for ${PATIENCE_MS / 1_000} s`));
  }

  function lose(error: ClientError): void {
    if (isOver) return;
    close();
    options.onLost(error);
  }

  function close(): void {
    if (isOver) return;
    isOver = true;
    stopWaiting();
    for (const end of ends) end();
    // With its subscriptions ended it closes by itself. One that is not open, or silent, has to be broken off.
    if (!isConnected) client.terminate();
  }
}

/** `ws` throws the error of a socket that is closed while it opens, where nobody listens: graphql-ws has ceased to by then. */
function webSocketClass(): unknown {
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols);
      this.addEventListener('error', () => {});
    }
  };
}
