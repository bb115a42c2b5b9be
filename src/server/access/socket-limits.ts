import { readFileSync } from 'node:fs';
import type { Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { onClose } from '../http/on-close.js';
import type { Refusal } from './guard.js';
import { isTrusted, type Peer, plain, type TrustedProxies } from './peer.js';

/** How many connections there may be. */
interface SocketLimits {
  readonly sockets: number;
  /** Of one address; trusted proxies, which stand for many clients, aside. */
  readonly socketsPerAddress: number;
}

/** Connections above the limits are still answered, with the reason, but only this many: further ones are cut at once. */
const ANSWERED_EXCESS = 1_000;

/** The same of one address: it must not use up what is left for others. */
const ANSWERED_EXCESS_OF_ADDRESS = 50;

/**
 * Of the files that may be open, so many are left for what the gateway itself opens: the watches of Tilts, kubeconfigs,
 * GraphiQL. Were there none left, Node.js might not even refuse a connection, but try to accept it over and over, with all
 * of a core.
 */
const RESERVED_FILES = 100;

/** Why the requests of a connection are refused; null for one that is within the limits. */
export type ExcessOf = (socket: Socket) => Refusal | null;

/** Counts a server's connections from the moment they are accepted, with TLS before the handshake. */
export function limitSockets(
  server: Server | TlsServer,
  { sockets, socketsPerAddress }: SocketLimits,
  proxies: TrustedProxies,
): ExcessOf {
  const addresses = new Map<string, AddressConnections>();
  /** The address of each connection: one listener for all takes 350 bytes less of each than a closure (`bench`, part `memory`). */
  const accepted = new Map<Socket, AddressConnections>();
  const refused = new WeakMap<Socket, Refusal>();
  /** The same by the client's address and port: a TLS socket does not expose the connection it runs on. */
  const refusedPeers = new Map<string, Refusal>();

  server.maxConnections = Math.min(sockets + ANSWERED_EXCESS, Math.max(openFileLimit() - RESERVED_FILES, 1));
  server.on('connection', (socket: Socket) => {
    // A connection that is handed to the server again, after an upgrade that was ignored, is counted already.
    if (accepted.has(socket)) return;
    const address = plain(socket.remoteAddress ?? '');
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
    if (accepted.size > sockets) refuse(socket, tooMany(503, `${sockets} connections are open`));
    else if (excess > 0) refuse(socket, tooManyOfAddress(socketsPerAddress));
  });
  server.on('secureConnection', (socket: Socket) => {
    const refusal = refusedPeers.get(peerOf(socket));
    if (refusal) refused.set(socket, refusal);
  });

  function refuse(socket: Socket, refusal: Refusal): void {
    const peer = peerOf(socket);
    refused.set(socket, refusal);
    refusedPeers.set(peer, refusal);
    socket.once('close', () => refusedPeers.delete(peer));
  }

  function release(this: Socket): void {
    const connections = accepted.get(this);
    if (!connections) return;
    accepted.delete(this);
    connections.count -= 1;
    if (connections.count === 0) addresses.delete(connections.address);
  }

  return (socket) => refused.get(socket) ?? null;
}

/** The open connections of one address. */
interface AddressConnections {
  readonly address: string;
  count: number;
}

/** Rejection of a client that has as many connections as it may have. */
function tooManyOfAddress(limit: number): Refusal {
  return tooMany(429, `${limit} connections are open from this address`);
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function tooMany(status: 429 | 503, what: string): Refusal {
  return {
    status,
    code: 'TOO_MANY_CONNECTIONS',
    message: `${what}, which is as many as there may be. Try again later.`,
  };
}

/** How many files and connections this process may have open at once (`ulimit -n`), as Linux tells; elsewhere Infinity. */
function openFileLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * Counts a request of a proxy's client until it is over.
 *
 * @param response its end is the end of the request; null for a WebSocket, which ends with its connection
 * @returns why it is one too many; null when it is not
 */
export type CountClient = (peer: Peer, socket: Socket, response: ServerResponse | null) => Refusal | null;

/**
 * Limits what each client behind trusted proxies may have open at once. A proxy's own connections say nothing about its
 * clients, since it keeps and shares them; so each request counts, and each WebSocket, by the client's own address. Clients
 * that connect themselves are counted by their connections (`socket-limits.ts`).
 */
export function createClientLimits(perAddress: number): CountClient {
  const counts = new Map<string, number>();
  return ({ address, isProxied, isClientKnown }, socket, response) => {
    if (!isProxied || !isClientKnown) return null;
    const count = (counts.get(address) ?? 0) + 1;
    counts.set(address, count);
    // A response behind others of its connection never closes when the connection does.
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
