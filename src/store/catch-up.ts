import type { Clock } from '../lib/clock.js';

/** How long a reader that comes from another gateway may wait for this one to be as far, in milliseconds. */
export const CATCH_UP_MS = 3_000;

/** Readers that wait until the store is as far as their cursors. */
export interface CatchUp {
  /** Resolves with whether the store is as far, as soon as it is; with false after {@link CATCH_UP_MS}. */
  wait(cursor: string): Promise<boolean>;
  /** To be called when the store has come further. */
  proceed(): void;
  /** Ends all waiting. */
  dispose(): void;
}

/** Nobody waits yet. @param isBehind whether the store is not as far as a cursor */
export function createCatchUp(clock: Clock, isBehind: (cursor: string) => boolean): CatchUp {
  const waiting = new Map<() => void, string>();
  return {
    wait: (cursor) =>
      new Promise((resolve) => {
        const settle = () => {
          cancel();
          waiting.delete(settle);
          resolve(!isBehind(cursor));
        };
        const cancel = clock.after(CATCH_UP_MS, settle);
        waiting.set(settle, cursor);
      }),
    proceed() {
      for (const [settle, cursor] of waiting) if (!isBehind(cursor)) settle();
    },
    dispose() {
      for (const settle of waiting.keys()) settle();
    },
  };
}
