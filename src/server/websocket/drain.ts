import type { Socket } from 'node:net';
import type { Clock } from '../../lib/clock.js';
import { hasMoved, type Progress, readProgress } from '../progress.js';

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
