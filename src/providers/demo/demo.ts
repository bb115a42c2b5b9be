import { type Clock, sleep } from '../../lib/clock.js';
import { decodeSession } from '../../model/decode.js';
import type { PushChange, SessionProvider } from '../provider.js';
import { isDevelopment } from './plot.js';
import { createRandom } from './random.js';
import { factsOf } from './resource-json.js';
import { createRun, type DemoRun, playFrame } from './run.js';
import { FRAMES_BEFORE_START, type Frame, writeScript } from './script.js';
import { toSessionJson } from './session-json.js';

/** Options of {@link createDemoProvider}. */
export interface DemoProviderOptions {
  /** Name of the provider and instance of its Session. Default: `demo`. */
  readonly name?: string;
  /** Seed of the random numbers, an integer. Default: 1. */
  readonly seed?: number;
  readonly clock: Clock;
}

/**
 * Creates a provider of a simulated Session of a small shop: a `tilt up`, a `tilt ci` that passes, one that
 * fails, repeated forever, with variations. The demo starts in the middle of a run, so that the first
 * snapshot has every target and the first changes follow quickly. The first run shows every phase within 15
 * seconds, and within 20 everything that explains a Session. Uses no network. Each `watch` starts from the
 * beginning.
 */
export function createDemoProvider({ name = 'demo', seed = 1, clock }: DemoProviderOptions): SessionProvider {
  return { name, watch: play };

  async function play(push: PushChange, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const random = createRandom(seed);
    // Decoded, so that it cannot show anything that Tilt could not send.
    const toSession = (run: DemoRun) => ({ ...decodeSession(toSessionJson(run), name), facts: factsOf(run) });
    const startRun = (number: number) => createRun(isDevelopment(number) ? 'manual' : 'ci', random);
    let run = startRun(1);
    let frames = writeScript(1, random);
    for (const { nowMs, frame } of timeFrames(frames.splice(0, FRAMES_BEFORE_START), clock.now())) {
      run = playFrame(run, frame, nowMs);
    }
    push({ type: 'snapshot', sessions: [toSession(run)] });
    for (let number = 2; !signal.aborted; number += 1) {
      for (const frame of frames) {
        await sleep(clock, frame.afterMs, signal);
        if (signal.aborted) return;
        run = playFrame(run, frame, clock.now());
        push({ type: 'upsert', session: toSession(run) });
      }
      run = startRun(number);
      frames = writeScript(number, random);
    }
  }
}

/** Assigns times to frames, the last of which is played at `endMs`. */
function timeFrames(
  frames: readonly Frame[],
  endMs: number,
): { readonly nowMs: number; readonly frame: Frame }[] {
  let nowMs = endMs - frames.slice(1).reduce((sum, { afterMs }) => sum + afterMs, 0);
  return frames.map((frame, index) => {
    if (index > 0) nowMs += frame.afterMs;
    return { nowMs, frame };
  });
}
