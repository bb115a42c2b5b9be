import type { Socket } from 'node:net';
import { MessageType, stringifyMessage } from 'graphql-ws';
import type { Clock } from '../clock.js';
import type { Outlet } from '../live/pushed-reader.js';
import type { FrameWriter } from './frame-writer.js';

/** How long a reader may stand still with its mark exceeded before it is closed, in milliseconds. */
export const DEFAULT_STUCK_MS = 30_000;

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
  readonly writer: FrameWriter;
  readonly clock: Clock;
  /** Called once the connection took nothing for `stuckMs`. */
  readonly onStuck: () => void;
  readonly stuckMs: number;
}

/** The outlets of a socket: while it has too much unsent, none of them takes more. */
export function createSocketOutlets(options: SocketOutletsOptions): SocketOutlets {
  const { connection, writer, clock, onStuck, stuckMs } = options;
  const waiting = new Set<() => void>();
  let cancelDeadline = () => {};

  return {
    open(id) {
      const head = headOf(id);
      return {
        get isReady() {
          return writer.isReady;
        },
        send: ({ closedBody }) => writer.send(head, closedBody),
        whenReady(resume) {
          if (waiting.size === 0) wait();
          waiting.add(resume);
        },
      };
    },
    close() {
      connection.off('drain', resume);
      cancelDeadline();
      waiting.clear();
    },
  };

  function wait(): void {
    connection.once('drain', resume);
    watch(sent());
  }

  function resume(): void {
    cancelDeadline();
    const resumed = [...waiting];
    waiting.clear();
    for (const go of resumed) go();
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
