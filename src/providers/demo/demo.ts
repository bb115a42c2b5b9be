import { type Clock, sleep } from '../../lib/clock.js';
import { decodeSession } from '../../model/decode.js';
import type { PushChange, SessionProvider } from '../provider.js';
import { createRandom } from './random.js';
import { newRun, play, type Run, sessionOf } from './run.js';
import { FRAMES_BEFORE_START, type Frame, writeScript } from './script.js';

/** See {@link createDemoProvider}. */
export interface DemoProviderOptions {
  /** The provider's name and its Session's instance. Default: `demo`. */
  readonly name?: string;
  /** A whole number: the same shows the same. Default: 1. */
  readonly seed?: number;
  readonly clock: Clock;
}

/**
 * A Session to look at when no Tilt is at hand: the `tilt ci` of a small shop, again and again, without end. It is under way when
 * the demo begins: the first snapshot has every target, and the first changes follow quickly. The first run shows every phase within 15
 * seconds and fails, the second passes, and so on, never quite alike. Uses no network. Each `watch` plays from the beginning.
 */
export function createDemoProvider({ name = 'demo', seed = 1, clock }: DemoProviderOptions): SessionProvider {
  return { name, watch: show };

  async function show(push: PushChange, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const random = createRandom(seed);
    // Through the decoder, so that it cannot show what Tilt could not.
    const sessionIn = (run: Run) => decodeSession(sessionOf(run), name);
    let run = newRun(random);
    let frames = writeScript(1, random);
    for (const { nowMs, frame } of endingAt(clock.now(), frames.splice(0, FRAMES_BEFORE_START))) {
      run = play(run, frame, nowMs);
    }
    push({ type: 'snapshot', sessions: [sessionIn(run)] });
    for (let number = 2; !signal.aborted; number += 1) {
      for (const frame of frames) {
        await sleep(clock, frame.afterMs, signal);
        if (signal.aborted) return;
        run = play(run, frame, clock.now());
        push({ type: 'upsert', session: sessionIn(run) });
      }
      run = newRun(random);
      frames = writeScript(number, random);
    }
  }
}

/** The frames with the times at which they were played, when the last of them is played at `endMs`. */
function endingAt(
  endMs: number,
  frames: readonly Frame[],
): { readonly nowMs: number; readonly frame: Frame }[] {
  let nowMs = endMs - frames.slice(1).reduce((sum, { afterMs }) => sum + afterMs, 0);
  return frames.map((frame, index) => {
    if (index > 0) nowMs += frame.afterMs;
    return { nowMs, frame };
  });
}
