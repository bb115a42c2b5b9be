import { createClient } from 'graphql-ws/client';
import { WebSocket } from '#web-socket';
import type { Clock } from '../lib/clock.js';
import { isRecord } from '../lib/is-record.js';
import { ClientError, createUnreachableError, parseErrors, type ResponseError } from './client-error.js';
import type { Endpoint } from './endpoint.js';

/** A GraphQL operation and its variables. */
export interface GraphQLRequest {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** Receives the results of one subscription. */
export interface Sink {
  next(result: { readonly data?: unknown; readonly errors?: unknown }): void;
  /** The gateway rejected the operation. */
  error(errors: readonly ResponseError[]): void;
  complete(): void;
}

/** One WebSocket to one gateway. */
export interface GatewaySocket {
  /** Returns a function that unsubscribes. */
  subscribe(request: GraphQLRequest, sink: Sink): () => void;
  /**
   * Sends a ping, and calls back once the gateway has answered it: it has read all earlier messages then, and
   * what it sent before has arrived. Returns a function that cancels the call.
   */
  ping(onAnswer: () => void): () => void;
  /** Closes the WebSocket without a call of `onDisconnected`. */
  close(): void;
}

/** Target, credentials and events of a socket. */
export interface SocketOptions {
  readonly endpoint: Endpoint;
  readonly token: string | null;
  readonly clock: Clock;
  /** Time limit for the acknowledgement of the connection, in milliseconds. */
  readonly connectMs: number;
  /**
   * The gateway accepted the connection. `time`: its clock in milliseconds since 1970; null when it sent
   * none.
   */
  readonly onConnected: (time: number | null) => void;
  /** The connection failed or broke. Called at most once. */
  readonly onDisconnected: (error: ClientError) => void;
}

/** Time limit for the response to a ping, and the longest one for a connection, in milliseconds. */
export const RESPONSE_TIMEOUT_MS = 10_000;
const PING_INTERVAL_MS = 5_000;

/**
 * Opens a WebSocket with its first subscription and closes it with its last. Pings detect a peer that
 * vanished without closing the connection, such as a laptop that was put to sleep.
 */
export function openSocket(options: SocketOptions): GatewaySocket {
  const { endpoint, token, clock, onConnected } = options;
  const unsubscribers = new Set<() => void>();
  /** Callbacks of the pings that were not answered yet. */
  const unanswered = new Map<string, () => void>();
  let pingCount = 0;
  let sendPing = (_id: string) => {};
  let isClosed = false;
  let isConnected = false;
  let cancelTimeout = limitResponse(options.connectMs);

  const client = createClient({
    url: endpoint.webSocketUrl,
    webSocketImpl: createWebSocketClass(),
    retryAttempts: 0,
    keepAlive: PING_INTERVAL_MS,
    ...(token !== null && { connectionParams: { token } }),
    on: {
      connected(socket, payload) {
        if (socket instanceof WebSocket)
          sendPing = (id) => socket.send(JSON.stringify({ type: 'ping', payload: { id } }));
        cancelTimeout();
        isConnected = true;
        if (!isClosed) onConnected(parseGatewayTime(payload));
      },
      ping(isReceived) {
        if (isReceived || isClosed) return;
        cancelTimeout();
        cancelTimeout = limitResponse(RESPONSE_TIMEOUT_MS);
      },
      pong(isReceived, payload) {
        if (!isReceived || isClosed || typeof payload?.id !== 'string') return;
        const onAnswer = unanswered.get(payload.id);
        unanswered.delete(payload.id);
        onAnswer?.();
      },
      message() {
        if (isConnected) cancelTimeout();
      },
      error: (error) => handleDisconnect(describeDisconnect(error, endpoint.url, isConnected)),
      closed: (event) => handleDisconnect(describeDisconnect(event, endpoint.url, isConnected)),
    },
  });

  return { subscribe, ping, close };

  function subscribe(request: GraphQLRequest, sink: Sink): () => void {
    let isEnded = false;
    const dispose = client.subscribe(request, {
      next(result) {
        if (!isEnded) sink.next(result);
      },
      error(reason) {
        // Anything else is an error of the connection, which `onDisconnected` reports.
        const errors = parseErrors(reason);
        if (errors !== null && end()) sink.error(errors);
      },
      complete() {
        if (end()) sink.complete();
      },
    });
    unsubscribers.add(unsubscribe);
    return unsubscribe;

    function unsubscribe(): void {
      if (end()) dispose();
    }

    function end(): boolean {
      if (isEnded) return false;
      isEnded = true;
      unsubscribers.delete(unsubscribe);
      return true;
    }
  }

  function ping(onAnswer: () => void): () => void {
    pingCount += 1;
    const id = `answered-${pingCount}`;
    unanswered.set(id, onAnswer);
    sendPing(id);
    return () => unanswered.delete(id);
  }

  /** Disconnects after this time. Returns a function that cancels that. */
  function limitResponse(ms: number): () => void {
    return clock.after(ms, () => {
      isConnected = false;
      const message = `${endpoint.url} did not respond within ${ms / 1_000} s`;
      handleDisconnect(new ClientError('UNREACHABLE', message));
    });
  }

  function handleDisconnect(error: ClientError): void {
    if (isClosed) return;
    close();
    options.onDisconnected(error);
  }

  function close(): void {
    if (isClosed) return;
    isClosed = true;
    cancelTimeout();
    for (const unsubscribe of unsubscribers) unsubscribe();
    // graphql-ws closes an open socket with its last subscription. One that is still opening, or silent, must
    // be terminated.
    if (!isConnected) client.terminate();
  }
}

/**
 * Creates a class of WebSockets that always have an error listener. `ws` emits an error when a socket is
 * closed while it opens; by then graphql-ws has removed its listener, and the error would be thrown.
 */
function createWebSocketClass(): unknown {
  return class extends WebSocket {
    constructor(address: string | URL, protocols?: string | string[]) {
      super(address, protocols);
      this.addEventListener('error', () => {});
    }
  };
}

/** The gateway's time in the payload of `connection_ack`, `{ time }`. */
function parseGatewayTime(payload: unknown): number | null {
  const ms = isRecord(payload) && typeof payload.time === 'string' ? Date.parse(payload.time) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/**
 * Describes why a connection failed or broke.
 *
 * @param reason a close or error event of the WebSocket, or an Error of graphql-ws about an invalid message
 * @param wasConnected whether the gateway had accepted the connection
 */
function describeDisconnect(reason: unknown, url: string, wasConnected: boolean): ClientError {
  const { code, text } = parseReason(reason);
  if (code === null && reason instanceof Error) return new ClientError('PROTOCOL', `${url}: ${text}`);
  if (code === null) return describeHandshakeError(text, url);
  const detail = text === '' ? '' : `: ${text}`;
  if (code === 4401 || code === 4403) {
    const message = `${url} requires a ${wasConnected ? 'new' : 'valid'} token${detail}`;
    return new ClientError(wasConnected ? 'UNREACHABLE' : 'UNAUTHENTICATED', message);
  }
  // 1006: no close frame was received.
  if (code === 1006) {
    return new ClientError('UNREACHABLE', `${url} cannot be reached, or the connection broke`);
  }
  const isProtocolError = code >= 4000 && code < 4500 && code !== 4408;
  const message = `${url} closed the connection with code ${code}${detail}`;
  return new ClientError(isProtocolError ? 'PROTOCOL' : 'UNREACHABLE', message);
}

/** Describes a failed handshake. `ws` reports the status of the response; browsers never do. */
function describeHandshakeError(text: string, url: string): ClientError {
  const [, status] = /^Unexpected server response: (\d{3})$/.exec(text) ?? [];
  if (status === undefined) {
    return createUnreachableError(url, text);
  }
  const message = `${url} responded with status ${status} instead of a WebSocket`;
  if (status === '401') return new ClientError('UNAUTHENTICATED', message);
  return new ClientError(status === '403' ? 'REFUSED' : 'UNREACHABLE', message);
}

function parseReason(reason: unknown): { readonly code: number | null; readonly text: string } {
  if (typeof reason !== 'object' || reason === null) return { code: null, text: '' };
  const code = 'code' in reason && typeof reason.code === 'number' ? reason.code : null;
  const text = 'reason' in reason ? reason.reason : 'message' in reason ? reason.message : '';
  return { code, text: typeof text === 'string' ? text : '' };
}
