import { type Clock, sleep } from '../clock.js';
import { createScope } from './scope.js';

/** Pauses of one loop that an event can end early. */
export interface Pause {
  /** Waits `ms` milliseconds, until `wake`, or until the signal aborts. Returns at once when `wake` was called since the last wait. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Ends the current wait, or else the next one. */
  wake(): void;
}

/** Creates the pauses of a loop. Events that come while the loop works are merged into one. */
export function createPause(clock: Clock): Pause {
  let isDue = false;
  let end: (() => void) | null = null;

  return {
    async wait(ms, signal) {
      if (!isDue) {
        const scope = createScope(signal);
        end = scope.end;
        await sleep(clock, ms, scope.signal);
        end = null;
        scope.end();
      }
      isDue = false;
    },
    wake() {
      isDue = true;
      end?.();
    },
  };
}
