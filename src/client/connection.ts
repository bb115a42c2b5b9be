import { createBackoff } from '../lib/backoff.js';
import type { Clock } from '../lib/clock.js';
import { messageOf } from '../lib/errors.js';
import { ClientError, type ResponseError } from './client-error.js';
import { type Endpoint, resolveTokenInTime, type Token } from './endpoint.js';
import { createGatewayRotation } from './gateway-rotation.js';
import { type GatewaySocket, type GraphQLRequest, openSocket } from './socket.js';

/** A subscription that outlives sockets. */
export interface Subscription {
  /** Returns the request to send; called for each new socket. */
  request(): GraphQLRequest;
  /** The request was sent to the gateway at this address, which has accepted the connection. */
  onSubscribed(url: string): void;
  onResult(result: { readonly data?: unknown; readonly errors?: unknown }): void;
  /** The gateway rejected the request, or (null) completed it. It is sent again only on a new socket. */
  onStopped(errors: readonly ResponseError[] | null): void;
  /** The connection broke. It reconnects until the last subscription is removed. */
  onDisconnected(error: ClientError, url: string): void;
  /** No reconnect will help, or (null) the client was closed. */
  onEnded(error: ClientError | null): void;
}

/**
 * The connection that all subscriptions of a client share. It reconnects, to the next gateway where there are
 * several.
 */
export interface Connection {
  /** The current gateway, or the next to try. */
  readonly endpoint: Endpoint;
  /**
   * Adds a subscription; the first one connects. Returns a function that removes it; the last one
   * disconnects.
   */
  subscribe(subscription: Subscription): () => void;
  /**
   * Sends a new request of a subscription instead of its current one. Without a socket, the next one does.
   */
  resubscribe(subscription: Subscription): void;
  /** Drops the current gateway and tries the next. */
  abandon(error: ClientError): void;
  /**
   * Pings the current gateway, and calls back once it has answered. Returns a function that cancels the call.
   * After a disconnect there is no call.
   */
  ping(onAnswer: () => void): () => void;
  /** Reports that the gateway works: the backoff starts over once that lasts. */
  markHealthy(): void;
  /** The gateway's clock, in milliseconds since 1970; null when the gateway did not send it. */
  gatewayTime(): number | null;
  /** Whether every gateway has failed since one was connected. */
  haveAllFailed(): boolean;
  /** Ends every subscription. */
  close(): void;
}

/** Gateways, credentials and the machine's time and randomness. */
export interface ConnectionOptions {
  readonly endpoints: readonly [Endpoint, ...Endpoint[]];
  readonly token: Token | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Creates a connection without subscriptions. */
export function createConnection(options: ConnectionOptions): Connection {
  const subscriptions = new Map<Subscription, () => void>();
  let isClosed = false;
  const connector = createConnector(options, {
    onSocket() {
      for (const subscription of all()) start(subscription);
    },
    onConnected(url) {
      for (const subscription of all()) subscription.onSubscribed(url);
    },
    onDisconnected(error, url) {
      // A callback may remove other subscriptions.
      for (const subscription of all()) {
        if (subscriptions.has(subscription)) subscription.onDisconnected(error, url);
      }
    },
    onUnauthenticated: endAll,
  });

  return {
    get endpoint() {
      return connector.endpoint;
    },
    subscribe,
    resubscribe(subscription) {
      const unsubscribe = subscriptions.get(subscription);
      if (!unsubscribe || !connector.socket) return;
      // The socket closes with its last subscription.
      start(subscription);
      unsubscribe();
    },
    abandon: connector.abandon,
    ping: (onAnswer) => connector.socket?.ping(onAnswer) ?? (() => {}),
    markHealthy: connector.markHealthy,
    gatewayTime: connector.gatewayTime,
    haveAllFailed: connector.haveAllFailed,
    close() {
      if (isClosed) return;
      isClosed = true;
      endAll(null);
    },
  };

  function subscribe(subscription: Subscription): () => void {
    if (isClosed) {
      subscription.onEnded(null);
      return () => {};
    }
    subscriptions.set(subscription, () => {});
    const { lastDisconnect } = connector;
    if (connector.socket) start(subscription);
    else if (lastDisconnect) subscription.onDisconnected(lastDisconnect.error, lastDisconnect.url);
    else connector.connect();
    return () => {
      const unsubscribe = subscriptions.get(subscription);
      subscriptions.delete(subscription);
      unsubscribe?.();
      if (subscriptions.size === 0) connector.reset();
    };
  }

  function start(subscription: Subscription): void {
    const { socket } = connector;
    if (!socket) return;
    const unsubscribe = socket.subscribe(subscription.request(), {
      next: (result) => subscription.onResult(result),
      error: (errors) => subscription.onStopped(errors),
      complete: () => subscription.onStopped(null),
    });
    subscriptions.set(subscription, unsubscribe);
    if (connector.isConnected) subscription.onSubscribed(connector.endpoint.url);
  }

  function endAll(error: ClientError | null): void {
    const ended = all();
    subscriptions.clear();
    connector.reset();
    for (const subscription of ended) subscription.onEnded(error);
  }

  function all(): Subscription[] {
    return [...subscriptions.keys()];
  }
}

interface ConnectorEvents {
  /** A socket was created; requests may be sent. */
  onSocket(): void;
  /** The gateway accepted the connection. */
  onConnected(url: string): void;
  /** The connection failed or broke; the next attempt is scheduled. */
  onDisconnected(error: ClientError, url: string): void;
  /** The token is invalid; there is no further attempt. */
  onUnauthenticated(error: ClientError): void;
}

/** Waits of 0.13 s to 2.5 s: spreads the load of a thousand clients, and is short enough for a person. */
const BACKOFF = { firstMs: 250, maxMs: 2_500, minShare: 0.5, healthyMs: 5_000 };

/** Creates and replaces the socket: token and backoff. Does nothing until `connect`. */
function createConnector({ endpoints, token, clock, random }: ConnectionOptions, events: ConnectorEvents) {
  const backoff = createBackoff(clock, random, { ...BACKOFF, peers: endpoints.length });
  const gateways = createGatewayRotation(endpoints);
  let socket: GatewaySocket | null = null;
  let isConnected = false;
  /** The gateway's clock minus our monotonic one, in milliseconds. */
  let clockOffset: number | null = null;
  /** Set while reconnecting. */
  let lastDisconnect: { readonly error: ClientError; readonly url: string } | null = null;
  /** Cancels the wait for the next attempt, or for its token. */
  let cancelAttempt: (() => void) | null = null;

  return {
    get endpoint() {
      return gateways.current;
    },
    get socket() {
      return socket;
    },
    get isConnected() {
      return isConnected;
    },
    get lastDisconnect() {
      return lastDisconnect;
    },
    connect() {
      if (cancelAttempt === null) void attempt();
    },
    abandon(error: ClientError) {
      if (socket) handleDisconnect(error);
    },
    reset() {
      reset();
      gateways.clearFailures();
    },
    markHealthy: backoff.markHealthy,
    gatewayTime: () => (clockOffset === null ? null : clockOffset + clock.monotonic()),
    haveAllFailed: gateways.haveAllFailed,
  };

  async function attempt(): Promise<void> {
    const cancelling = new AbortController();
    cancelAttempt = () => cancelling.abort();
    const { url } = gateways.current;
    try {
      const value = await resolveTokenInTime(token, clock);
      if (!cancelling.signal.aborted) open(value);
    } catch (error) {
      if (cancelling.signal.aborted) return;
      handleDisconnect(
        error instanceof ClientError ? error : new ClientError('UNREACHABLE', `${url}: ${messageOf(error)}`),
      );
    }
  }

  function open(tokenValue: string | null): void {
    cancelAttempt = null;
    const opened = openSocket({
      endpoint: gateways.current,
      token: tokenValue,
      clock,
      connectMs: gateways.connectMs(),
      onConnected(time) {
        if (socket !== opened) return;
        clockOffset = time === null ? null : time - clock.monotonic();
        isConnected = true;
        gateways.clearFailures();
        events.onConnected(gateways.current.url);
      },
      onDisconnected(error) {
        if (socket === opened) handleDisconnect(error);
      },
    });
    socket = opened;
    events.onSocket();
  }

  function handleDisconnect(error: ClientError): void {
    const { url } = gateways.current;
    reset();
    if (error.code === 'UNAUTHENTICATED') {
      events.onUnauthenticated(error);
      return;
    }
    lastDisconnect = { error: gateways.fail(error), url };
    cancelAttempt = clock.after(backoff.nextDelayMs(), () => void attempt());
    events.onDisconnected(lastDisconnect.error, url);
  }

  /** Closes the socket, or cancels the attempt. */
  function reset(): void {
    cancelAttempt?.();
    cancelAttempt = null;
    socket?.close();
    socket = null;
    isConnected = false;
    lastDisconnect = null;
    backoff.markUnhealthy();
  }
}
