import type { Socket } from 'node:net';
import type { Clock } from '../../clock.js';

/**
 * How long a reader may stand still with its mark exceeded before it is closed, in milliseconds. Less than the 12 s after
 * which an unanswered ping may cut it without a word.
 */
export const STUCK_MS = 10_000;

/** What {@link waitForDrain} calls: one of the two, once. */
export interface DrainListener {
  /** All was taken. */
  onDrained(): void;
  /** Nothing at all was taken for {@link STUCK_MS}. */
  onStuck(): void;
}

/** Waits until a connection has taken what was written to it, as long as it takes something. Returns the end of it. */
export function waitForDrain(connection: Socket, clock: Clock, listener: DrainListener): () => void {
  let cancel = () => {};
  connection.once('drain', onDrain);
  watch(sent());
  return stop;

  function watch(before: number): void {
    cancel = clock.after(STUCK_MS, () => {
      const now = sent();
      if (now > before) {
        watch(now);
        return;
      }
      stop();
      listener.onStuck();
    });
  }

  function onDrain(): void {
    stop();
    listener.onDrained();
  }

  function stop(): void {
    cancel();
    connection.off('drain', onDrain);
  }

  function sent(): number {
    return connection.bytesWritten - connection.writableLength;
  }
}
