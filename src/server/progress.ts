import type { Socket } from 'node:net';
import { isRecord } from '../lib/is-record.js';

/** How far a connection has come with what was written to it. */
export interface Progress {
  /** Bytes of writes that the system has taken whole. */
  readonly sent: number;
  /** Bytes of the write in progress that it has not taken. One write can be megabytes: a slow client takes it bit by bit. */
  readonly queued: number;
}

/** Reads how far a connection has come. */
export function readProgress(socket: Socket): Progress {
  return { sent: socket.bytesWritten - socket.writableLength, queued: queuedBytes(socket) };
}

/** Whether a connection has taken anything from one reading to the next. */
export function hasMoved(from: Progress, to: Progress): boolean {
  return from.sent !== to.sent || from.queued !== to.queued;
}

function queuedBytes(socket: Socket): number {
  const handle: unknown = Reflect.get(socket, '_handle');
  return isRecord(handle) ? Number(handle.writeQueueSize ?? 0) : 0;
}
