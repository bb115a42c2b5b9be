import { createClient } from 'graphql-ws/client';
import { WebSocket } from '#web-socket';
import type { Clock } from '../lib/clock.js';
import { type AnsweredError, ClientError, errorsOf } from './client-error.js';
import type { Endpoint } from './endpoint.js';

/** What is asked of a gateway. */
export interface Request {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** Who is told what a subscription brings. */
interface Sink {
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
interface ConnectionOptions {
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

/** A connection that is lost, or could not be made. */
export function lost(message: string): ClientError {
  return new ClientError('UNREACHABLE', message);
}

/**
 * Why a connection was lost.
 *
 * @param reason an event of the WebSocket: it closed, or an error
 * @param isConnected whether the gateway had let it in before
 */
function lossOf(reason: unknown, url: string, isConnected: boolean): ClientError {
  const { code, text } = wordsOf(reason);
  // The socket's own are events: an Error is of who made no sense of what it brought.
  if (code === null && reason instanceof Error) return new ClientError('PROTOCOL', `${url}: ${text}`);
  if (code === null) return refusal(text, url);
  const said = text === '' ? '' : `: ${text}`;
  if (code === 4401 || code === 4403) {
    const message = `${url} asks for a${isConnected ? ' new' : ' valid'} token${said}`;
    return new ClientError(isConnected ? 'UNREACHABLE' : 'UNAUTHENTICATED', message);
  }
  // 1006: it broke without a word.
  if (code === 1006) return lost(`${url} cannot be reached, or the connection broke`);
  const isMistake = code >= 4000 && code < 4500 && code !== 4408;
  return new ClientError(
    isMistake ? 'PROTOCOL' : 'UNREACHABLE',
    `${url} closed the connection with ${code}${said}`,
  );
}

/** An error before there was a connection. `ws` tells what an upgrade was answered with; a browser never does. */
function refusal(text: string, url: string): ClientError {
  const [, status] = /^Unexpected server response: (\d{3})$/.exec(text) ?? [];
  if (status === undefined) return lost(`${url} cannot be reached${text === '' ? '' : `: ${text}`}`);
  const message = `${url} answered with status ${status} instead of a WebSocket`;
  if (status === '401') return new ClientError('UNAUTHENTICATED', message);
  return new ClientError(status === '403' ? 'REFUSED' : 'UNREACHABLE', message);
}

function wordsOf(reason: unknown): { readonly code: number | null; readonly text: string } {
  if (typeof reason !== 'object' || reason === null) return { code: null, text: '' };
  const code = 'code' in reason && typeof reason.code === 'number' ? reason.code : null;
  const said = 'reason' in reason ? reason.reason : 'message' in reason ? reason.message : '';
  return { code, text: typeof said === 'string' ? said : '' };
}
