import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { onClose } from '../http/on-close.js';
import type { Refusal } from './guard.js';
import type { Peer } from './peer.js';
import { tooManyOfAddress } from './socket-limits.js';

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
