import type { Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock.js';
import type { Metrics } from '../../lib/metrics.js';
import { hasMoved, type Progress, readProgress } from '../progress.js';

/**
 * How long a client may read nothing of what was written to it before its connection is cut, in milliseconds;
 * as of WebSockets.
 */
export const UNREAD_MS = 10_000;

/** How often connections are looked at, in milliseconds. */
const CHECK_MS = 2_500;

/** How far a connection had come when it last took something. */
interface LastProgress {
  readonly progress: Progress;
  /** By the monotonic clock. */
  readonly at: number;
}

/**
 * Cuts connections that do not read their answers or event streams: what was written to them is kept in
 * memory for as long as they are open. A connection that takes anything at all goes on. WebSockets have a
 * deadline of their own, with a close code. One timer for all of them, which runs only while there are some.
 */
export function cutUnread(server: Server | TlsServer, clock: Clock, metrics: Metrics): void {
  const sockets = new Map<Socket, LastProgress | null>();
  let cancel = () => {};

  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.set(socket, null);
    if (sockets.size === 1) cancel = clock.after(CHECK_MS, check);
  });
  server.on('upgrade', ({ socket }) => forget(socket));

  function forget(socket: Socket): void {
    if (sockets.delete(socket) && sockets.size === 0) cancel();
  }

  function check(): void {
    cancel = clock.after(CHECK_MS, check);
    const now = clock.monotonic();
    for (const [socket, last] of sockets) {
      // No listener for it: each connection would hold 250 bytes more for as long as it is open.
      if (socket.destroyed) {
        forget(socket);
        continue;
      }
      const next = lastProgress(socket, last, now);
      sockets.set(socket, next);
      if (next === null || now - next.at < UNREAD_MS) continue;
      metrics.rejected('ANSWER_NOT_READ');
      socket.destroy();
    }
  }
}

/** Null where everything that was written has been sent. */
function lastProgress(socket: Socket, last: LastProgress | null, now: number): LastProgress | null {
  if (socket.writableLength === 0) return null;
  const progress = readProgress(socket);
  return last && !hasMoved(last.progress, progress) ? last : { progress, at: now };
}
