import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock.js';
import { hasMoved, type Progress, readProgress } from '../http/pending-answers.js';

/**
 * Time after which a reader above the high-water mark that reads nothing is closed, in milliseconds. Less
 * than the 12 s after which an unanswered ping would terminate it without a close code.
 */
export const STUCK_MS = 10_000;

/** Callbacks of {@link waitForDrain}: one of them is called, once. */
export interface DrainListener {
  /** Called when the buffer is empty. */
  onDrained(): void;
  /** Called when the client has read nothing for {@link STUCK_MS}. */
  onStuck(): void;
}

/**
 * Waits until the buffer of a connection drains, as long as the client reads. Returns a function that ends
 * the wait.
 */
export function waitForDrain(connection: Socket, clock: Clock, listener: DrainListener): () => void {
  let cancel = () => {};
  connection.once('drain', onDrain);
  watch(readProgress(connection));
  return stop;

  function watch(before: Progress): void {
    cancel = clock.after(STUCK_MS, () => {
      const now = readProgress(connection);
      if (hasMoved(before, now)) {
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
}
