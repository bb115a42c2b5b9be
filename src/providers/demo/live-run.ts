import type { Clock } from '../../lib/clock.js';
import { createExcerpts } from '../../logs/excerpt.js';
import { createSessionLog } from '../../logs/session-log.js';
import { decodeSession } from '../../model/decode.js';
import type { SessionLog } from '../../model/log.js';
import type { Session } from '../../model/session.js';
import { factsOf } from './resource-json.js';
import { type DemoRun, playFrame, toMicroTime } from './run.js';
import { toSessionJson } from './session-json.js';
import type { Beat } from './timeline.js';

/** A run while it is played: its Session and its log. */
export interface LiveRun {
  readonly log: SessionLog;
  /** Writes the lines of a beat and applies its frame. @param nowMs time of it, in milliseconds since 1970 */
  play(beat: Beat, nowMs: number): void;
  /** Returns the Session, with the excerpts of its failed targets. */
  readSession(): Session;
}

/** Creates a run with an empty log. @param instance instance of its Session */
export function createLiveRun(first: DemoRun, instance: string, clock: Clock): LiveRun {
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
