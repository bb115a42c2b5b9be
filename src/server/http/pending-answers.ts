import type { Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../lib/clock.js';
import { isRecord } from '../../lib/is-record.js';
import type { Metrics } from '../../lib/metrics.js';

/**
 * Time after which a client that reads nothing is disconnected, in milliseconds; the same as for WebSockets.
 */
export const UNREAD_MS = 10_000;

/** Interval of the checks, in milliseconds. */
const CHECK_MS = 2_500;

/** Last progress of a connection, and its time. */
interface LastProgress {
  readonly progress: Progress;
  /** By the monotonic clock. */
  readonly at: number;
}

/**
 * Closes connections whose clients do not read their answers or event streams, which would stay in memory for
 * as long as the connection is open. A slow client that reads anything is kept. WebSockets have a deadline of
 * their own, with a close code. One timer checks all connections. It runs only while there are some, and ends
 * with the server.
 */
export function closeUnread(server: Server | TlsServer, clock: Clock, metrics: Metrics): void {
  const sockets = new Map<Socket, LastProgress | null>();
  let cancel = () => {};

  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
    // After an ignored upgrade a connection is passed to the server a second time.
    if (sockets.has(socket)) return;
    sockets.set(socket, null);
    if (sockets.size === 1) cancel = clock.after(CHECK_MS, check);
  });
  server.on('upgrade', ({ socket }) => {
    // The deadline of a WebSocket begins with its own messages.
    if (socket.writableLength === 0) forget(socket);
  });
  server.on('close', () => {
    sockets.clear();
    cancel();
  });

  function forget(socket: Socket): void {
    if (sockets.delete(socket) && sockets.size === 0) cancel();
  }

  function check(): void {
    cancel = clock.after(CHECK_MS, check);
    const now = clock.monotonic();
    for (const [socket, last] of sockets) {
      // A listener would use 250 bytes per open connection.
      if (socket.destroyed) {
        forget(socket);
        continue;
      }
      const next = updateProgress(socket, last, now);
      sockets.set(socket, next);
      if (next === null || now - next.at < UNREAD_MS) continue;
      metrics.rejected('RESPONSE_NOT_READ');
      socket.destroy();
    }
  }
}

/** Null if everything that was written has been sent. */
function updateProgress(socket: Socket, last: LastProgress | null, now: number): LastProgress | null {
  if (socket.writableLength === 0) return null;
  const progress = readProgress(socket);
  return last && !hasMoved(last.progress, progress) ? last : { progress, at: now };
}

/** Progress of a connection in sending what was written to it. */
export interface Progress {
  /** Bytes of writes that the system has accepted completely. */
  readonly sent: number;
  /**
   * Bytes of the current write that the system has not accepted. One write can be megabytes, which a slow
   * client reads gradually.
   */
  readonly queued: number;
}

/** Reads the progress of a connection. */
export function readProgress(socket: Socket): Progress {
  return { sent: socket.bytesWritten - socket.writableLength, queued: queuedBytes(socket) };
}

/** Whether a connection has sent anything between two readings. */
export function hasMoved(from: Progress, to: Progress): boolean {
  return from.sent !== to.sent || from.queued !== to.queued;
}

function queuedBytes(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  return isRecord(handle) ? Number(handle.writeQueueSize ?? 0) : 0;
}

/** Unsent responses by connection: a client may send requests without waiting for responses (pipelining). */
export interface InFlight {
  /** Adds a response, and returns the number of unsent responses of its connection. */
  begin(socket: Duplex, response: ServerResponse): number;
  /**
   * Calls back once all earlier responses have been sent: a response that waits behind others would be kept
   * in memory. Does not call back if the connection closes first.
   */
  afterEarlier(socket: Duplex, response: ServerResponse, handle: () => void): void;
  /** Returns the next response to be sent; otherwise null. */
  next(socket: Duplex): ServerResponse | null;
  /** Whether a response has started and not ended, so that further bytes would become a part of it. */
  isAnswering(socket: Duplex): boolean;
}

/** Creates an empty registry. */
export function createInFlight(): InFlight {
  const answers = new WeakMap<Duplex, ServerResponse[]>();
  return {
    begin(socket, response) {
      const queue = answers.get(socket);
      if (!queue) {
        answers.set(socket, [response]);
        return 1;
      }
      // Responses are sent in order, so sent ones are at the front.
      while (queue[0]?.writableFinished) queue.shift();
      return queue.push(response);
    },
    afterEarlier(socket, response, handle) {
      const queue = answers.get(socket) ?? [];
      const before = queue[queue.indexOf(response) - 1];
      if (before === undefined || before.writableFinished) {
        handle();
        return;
      }
      before.once('close', () => {
        if (!socket.destroyed) handle();
      });
    },
    next: (socket) => answers.get(socket)?.find(({ writableEnded }) => !writableEnded) ?? null,
    isAnswering: (socket) =>
      answers.get(socket)?.some(({ headersSent, writableEnded }) => headersSent && !writableEnded) ?? false,
  };
}
