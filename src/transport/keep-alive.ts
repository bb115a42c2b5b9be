import type { Clock } from '../clock.js';

/** How often a socket is asked whether it still is there, in milliseconds: as graphql-ws does. */
const PING_MS = 12_000;

/** What of a `ws` socket it takes. */
export interface PingableSocket {
  ping(): void;
  terminate(): void;
  on(event: 'pong', listener: () => void): unknown;
  off(event: 'pong', listener: () => void): unknown;
}

/**
 * Pings a socket, and cuts it when a ping is not answered before the next: a laptop that was closed says no goodbye.
 * Returns the end of it.
 */
export function keepAlive(socket: PingableSocket, clock: Clock): () => void {
  let isAnswered = true;
  const onPong = () => {
    isAnswered = true;
  };
  socket.on('pong', onPong);
  let cancel = clock.after(PING_MS, ping);
  return () => {
    cancel();
    socket.off('pong', onPong);
  };

  function ping(): void {
    if (!isAnswered) {
      socket.terminate();
      return;
    }
    isAnswered = false;
    socket.ping();
    cancel = clock.after(PING_MS, ping);
  }
}
