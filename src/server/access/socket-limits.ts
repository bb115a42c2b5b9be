import type { Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { onClose } from '../http/on-close.js';
import type { Rejection } from './allow-list.js';
import { openFileLimit } from './open-file-limit.js';
import { isTrusted, type Peer, type TrustedProxies, unmapAddress } from './peer.js';

/** Maximum numbers of open connections. */
interface SocketLimits {
  readonly sockets: number;
  /** Per address. Trusted proxies are exempt, because they connect on behalf of many clients. */
  readonly socketsPerAddress: number;
}

/**
 * Number of connections above the limit that still get an answer with the reason. Further ones are closed at
 * once.
 */
const ANSWERED_EXCESS = 1_000;

/** The same per address, so that one client cannot use all of them. */
const ANSWERED_EXCESS_OF_ADDRESS = 50;

/**
 * Open files that are reserved for the gateway itself: watches of Tilts, kubeconfigs, GraphiQL. Without any
 * left, Node.js could not even close a new connection: it would try to accept it again and again, and use a
 * whole core.
 */
const RESERVED_FILES = 100;

/**
 * Returns the rejection for the requests of a connection above the limits; null for one within the limits.
 */
export type OverLimit = (socket: Socket) => Rejection | null;

/** Counted connections of a server. */
export interface LimitedSockets {
  readonly overLimit: OverLimit;
  /** Destroys all connections, also those whose TLS handshake is not complete. */
  destroyAll(): void;
}

/** Counts the connections of a server from the moment they are accepted: with TLS, before the handshake. */
export function limitSockets(
  server: Server | TlsServer,
  { sockets, socketsPerAddress }: SocketLimits,
  proxies: TrustedProxies,
): LimitedSockets {
  const addresses = new Map<string, AddressConnections>();
  /**
   * Counter of each open connection. One shared listener uses 350 bytes less per connection than closures
   * (`bench`, part `memory`).
   */
  const accepted = new Map<Socket, AddressConnections>();
  const rejected = new WeakMap<Socket, Rejection>();
  /** The same by the client's address and port, because a TLS socket does not expose its TCP connection. */
  const rejectedPeers = new Map<string, Rejection>();

  server.maxConnections = Math.min(sockets + ANSWERED_EXCESS, Math.max(openFileLimit() - RESERVED_FILES, 1));
  server.on('connection', (socket: Socket) => {
    // After an ignored upgrade a connection is passed to the server a second time.
    if (accepted.has(socket)) return;
    // Node.js counts the connections of each loopback address of `localhost` separately.
    if (accepted.size >= server.maxConnections) {
      socket.destroy();
      return;
    }
    const address = unmapAddress(socket.remoteAddress ?? '');
    const connections = addresses.get(address) ?? { address, count: 0 };
    const excess = isTrusted(address, proxies) ? 0 : connections.count + 1 - socketsPerAddress;
    if (excess > ANSWERED_EXCESS_OF_ADDRESS) {
      socket.destroy();
      return;
    }
    connections.count += 1;
    addresses.set(address, connections);
    accepted.set(socket, connections);
    socket.on('close', release);
    if (accepted.size > sockets) reject(socket, tooMany(503, `${sockets} connections are open`));
    else if (excess > 0) reject(socket, tooManyOfAddress(socketsPerAddress));
  });
  server.on('secureConnection', (socket: Socket) => {
    const rejection = rejectedPeers.get(peerKey(socket));
    if (rejection) rejected.set(socket, rejection);
  });

  function reject(socket: Socket, rejection: Rejection): void {
    const peer = peerKey(socket);
    rejected.set(socket, rejection);
    rejectedPeers.set(peer, rejection);
    socket.once('close', () => rejectedPeers.delete(peer));
  }

  function release(this: Socket): void {
    const connections = accepted.get(this);
    if (!connections) return;
    accepted.delete(this);
    connections.count -= 1;
    if (connections.count === 0) addresses.delete(connections.address);
  }

  return {
    overLimit: (socket) => rejected.get(socket) ?? null,
    destroyAll() {
      for (const socket of accepted.keys()) socket.destroy();
    },
  };
}

/** Number of open connections of one address. */
interface AddressConnections {
  readonly address: string;
  count: number;
}

/** Rejection of a client above its limit. */
function tooManyOfAddress(limit: number): Rejection {
  return tooMany(429, `${limit} connections are open from this address`);
}

function peerKey({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function tooMany(status: 429 | 503, what: string): Rejection {
  return {
    status,
    code: 'TOO_MANY_CONNECTIONS',
    message: `Too many connections: ${what}, which is the limit. Try again later.`,
  };
}

/**
 * Counts a request of a client behind a trusted proxy until it ends.
 *
 * @param response ends the request when it closes; null for a WebSocket, which ends with its connection
 * @returns the rejection if the client is above its limit, otherwise null
 */
export type CountClient = (peer: Peer, socket: Socket, response: ServerResponse | null) => Rejection | null;

/**
 * Limits what each client behind trusted proxies may have open at once. A proxy shares its connections
 * between clients, so each request and each WebSocket is counted by the client's own address. Clients that
 * connect directly are counted by {@link limitSockets}.
 */
export function createClientLimits(perAddress: number): CountClient {
  const counts = new Map<string, number>();
  return ({ address, isProxied, isClientKnown }, socket, response) => {
    // Node.js passes on what a client has sent before its connection was closed.
    if (!isProxied || !isClientKnown || socket.destroyed) return null;
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    // A response that is queued behind others does not close with the connection.
    const stopListening = onClose(socket, release);
    response?.once('close', release);
    return count > perAddress ? tooManyOfAddress(perAddress) : null;

    function release(): void {
      stopListening();
      response?.off('close', release);
      decrement(address);
    }
  };

  function decrement(address: string): void {
    const left = (counts.get(address) ?? 1) - 1;
    if (left > 0) counts.set(address, left);
    else counts.delete(address);
  }
}
