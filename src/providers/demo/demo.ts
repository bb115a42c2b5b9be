import { type Clock, sleep } from '../../lib/clock.js';
import { createExcerpts } from '../../logs/excerpt.js';
import { createSessionLog } from '../../logs/session-log.js';
import { decodeSession } from '../../model/decode.js';
import type { SessionLog } from '../../model/log.js';
import type { Session } from '../../model/session.js';
import type { PushChange, SessionProvider } from '../provider.js';
import { factsOf, toSessionJson } from './api-objects.js';
import { isDevelopment } from './plot.js';
import { createRandom } from './random.js';
import { createRun, type DemoRun, playFrame, toMicroTime } from './run.js';
import { FRAMES_BEFORE_START, writeScript } from './script.js';
import { type Beat, writeTimeline } from './timeline.js';

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
 * seconds, and within 20 everything that explains a Session. Each run has a log, a few lines per second. Uses
 * no network. Each `watch` starts from the beginning.
 */
export function createDemoProvider({ name = 'demo', seed = 1, clock }: DemoProviderOptions): SessionProvider {
  return { name, watch: play };

  async function play(push: PushChange, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const random = createRandom(seed);
    const { frames, ...first } = startRun(1);
    let { run, beats } = first;
    const lastBefore = beats.findIndex(({ frame }) => frame === frames[FRAMES_BEFORE_START - 1]);
    playAtOnce(run, beats.splice(0, lastBefore + 1), clock.now());
    const session = run.readSession();
    push({ type: 'snapshot', sessions: [session] });
    let { log } = run;
    push({ type: 'log', id: session.id, log });
    for (let number = 2; !signal.aborted; number += 1) {
      for (const beat of beats) {
        await sleep(clock, beat.afterMs, signal);
        if (signal.aborted) return;
        run.play(beat, clock.now());
        if (beat.frame === null) continue;
        push({ type: 'upsert', session: run.readSession() });
        if (log !== run.log) push({ type: 'log', id: session.id, log: run.log });
        log = run.log;
      }
      ({ run, beats } = startRun(number));
    }

    function startRun(number: number) {
      const start = createRun(isDevelopment(number) ? 'manual' : 'ci', random);
      const frames = writeScript(number, random);
      // Its own random numbers: the frames do not depend on the log.
      const beats = writeTimeline(frames, createRandom(seed + number));
      return { run: createLiveRun(start, name, clock), frames, beats };
    }
  }
}

/** Plays beats whose time has passed, the last of them at `endMs`. */
function playAtOnce(run: LiveRun, beats: readonly Beat[], endMs: number): void {
  let nowMs = endMs - beats.slice(1).reduce((sum, { afterMs }) => sum + afterMs, 0);
  for (const [index, beat] of beats.entries()) {
    if (index > 0) nowMs += beat.afterMs;
    run.play(beat, nowMs);
  }
}

/** A run while it is played: its Session and its log. */
interface LiveRun {
  readonly log: SessionLog;
  /** Writes the lines of a beat and applies its frame. @param nowMs time of it, in milliseconds since 1970 */
  play(beat: Beat, nowMs: number): void;
  /** Returns the Session, with the excerpts of its failed targets. */
  readSession(): Session;
}

/** Creates a run with an empty log. @param instance instance of its Session */
function createLiveRun(first: DemoRun, instance: string, clock: Clock): LiveRun {
  const log = createSessionLog();
  const excerpts = createExcerpts({ log, clock, flush: () => {}, onChange: () => {} });
  // All lines of a target are written before it fails, so that its excerpt is final at once.
  excerpts.end();
  let run = first;

  return {
    log,
    play({ lines, frame, micros }, nowMs) {
      const time = toMicroTime(nowMs, micros);
      log.append(lines.map((line) => ({ time, ...line })));
      if (frame !== null) run = playFrame(run, frame, nowMs);
    },
    readSession() {
      // Decoded, so that it cannot show anything that Tilt could not send.
      const session = decodeSession(toSessionJson(run), instance);
      return { ...session, facts: { ...factsOf(run), excerpts: excerpts.read(session) } };
    },
  };
}
