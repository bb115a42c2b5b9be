import { type Clock, sleep } from '../../clock.js';
import { decodeSession } from '../../model/decode.js';
import { type PushChange, streamChanges } from '../change-stream.js';
import { MAX_BEHIND } from '../limits.js';
import type { SessionProvider } from '../provider.js';
import { createRandom } from './random.js';
import { newRun, play, sessionOf } from './run.js';
import { writeScript } from './script.js';

/** See {@link createDemoProvider}. */
export interface DemoProviderOptions {
  /** The provider's name and its Session's instance. Default: `demo`. */
  readonly name?: string;
  /** A whole number: the same shows the same. Default: 1. */
  readonly seed?: number;
  readonly clock: Clock;
}

/**
 * A Session to look at when no Tilt is at hand: the `tilt ci` of a small shop, again and again, without end. The first
 * run shows every phase within 15 seconds and fails, the second passes, and so on, never quite alike. Uses no network.
 * Each `watch()` plays from the beginning.
 */
export function createDemoProvider({ name = 'demo', seed = 1, clock }: DemoProviderOptions): SessionProvider {
  return { name, watch: (signal) => streamChanges(show, MAX_BEHIND, signal) };

  async function show(push: PushChange, signal: AbortSignal): Promise<void> {
    const random = createRandom(seed);
    for (let number = 1; !signal.aborted; number += 1) {
      let run = newRun(random);
      for (const [index, frame] of writeScript(number, random).entries()) {
        if (frame.afterMs > 0) await sleep(clock, frame.afterMs, signal);
        if (signal.aborted) return;
        run = play(run, frame, clock.now());
        // Through the decoder, so that it cannot show what Tilt could not.
        const session = decodeSession(sessionOf(run), name);
        push(
          number === 1 && index === 0
            ? { type: 'snapshot', sessions: [session] }
            : { type: 'upsert', session },
        );
      }
    }
  }
}
