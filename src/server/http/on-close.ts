import type { Socket } from 'node:net';

// Module-level, because callers for the same connection do not know each other.
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back once when a connection has closed, or at once, before it returns, if it is closed. Returns a
 * function that cancels this. A connection has a single listener, however many pipelined requests wait for
 * it.
 */
export function onClose(socket: Socket, listener: () => void): () => void {
  if (socket.destroyed) {
    listener();
    return () => {};
  }
  const listeners = waiting.get(socket) ?? listenTo(socket);
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function listenTo(socket: Socket): Set<() => void> {
  const listeners = new Set<() => void>();
  waiting.set(socket, listeners);
  socket.once('close', () => {
    for (const listener of listeners) listener();
  });
  return listeners;
}
