import type { Socket } from 'node:net';
import { MessageType, stringifyMessage } from 'graphql-ws';
import type { Clock } from '../clock.js';
import type { Outlet, PressureListener } from '../live/pushed-reader.js';
import type { Turn } from '../live/turn.js';
import { createFrameWriter } from './frame-writer.js';

/**
 * How long a reader may stand still with its mark exceeded before it is closed, in milliseconds. Less than the 12 s after
 * which an unanswered ping may cut it without a word.
 */
export const DEFAULT_STUCK_MS = 10_000;

/** What all subscriptions of one socket share. */
export interface SocketOutlets {
  /** Where the payloads of the subscription with this id go. */
  open(id: string): Outlet;
  /** Ends what waits. */
  close(): void;
}

/** What {@link createSocketOutlets} works with. */
export interface SocketOutletsOptions {
  readonly connection: Socket;
  readonly isOpen: () => boolean;
  readonly turn: Turn;
  readonly clock: Clock;
  /** In bytes; see {@link DEFAULT_UNSENT_MARK}. */
  readonly unsentMark: number;
  /** In milliseconds; see {@link DEFAULT_STUCK_MS}. */
  readonly stuckMs: number;
  /** Called once the connection took nothing for that long. */
  readonly onStuck: () => void;
}

/** The outlets of a socket: while it has too much unsent, none of them takes more. */
export function createSocketOutlets(options: SocketOutletsOptions): SocketOutlets {
  const { connection, clock, onStuck, stuckMs } = options;
  const writer = createFrameWriter({ ...options, onFull: pause });
  const listeners = new Set<PressureListener>();
  let isPaused = false;
  let cancelDeadline = () => {};

  return {
    open(id) {
      const head = headOf(id);
      return {
        send: ({ closedBody }) => writer.send(head, closedBody),
        onPressure(listener) {
          listeners.add(listener);
          if (isPaused) listener.pause();
          return () => listeners.delete(listener);
        },
      };
    },
    close() {
      connection.off('drain', resume);
      cancelDeadline();
      listeners.clear();
    },
  };

  function pause(): void {
    if (isPaused) return;
    isPaused = true;
    connection.once('drain', resume);
    watch(sent());
    for (const listener of listeners) listener.pause();
  }

  function resume(): void {
    isPaused = false;
    cancelDeadline();
    for (const listener of listeners) listener.resume();
  }

  function watch(before: number): void {
    cancelDeadline = clock.after(stuckMs, () => {
      const now = sent();
      if (now > before) watch(now);
      else onStuck();
    });
  }

  function sent(): number {
    return connection.bytesWritten - connection.writableLength;
  }
}

/** All of a `next` message that differs between readers: `{"id":"…","type":"next","payload":`. */
function headOf(id: string): Buffer {
  const whole = stringifyMessage({ id, type: MessageType.Next, payload: {} });
  return Buffer.from(whole.slice(0, -'{}}'.length));
}
