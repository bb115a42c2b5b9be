import type { Socket } from 'node:net';
import { isRecord } from '../lib/is-record.js';

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
