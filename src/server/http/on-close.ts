import type { Socket } from 'node:net';

// By connection, since those who wait for one know nothing of each other.
const waiting = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back once when a connection has closed, at once where it has already. Returns the end of it. However many wait for one
 * connection, as requests that are sent without waiting for answers do, it has one listener.
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
