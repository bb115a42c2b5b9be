import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../lib/clock.js';
import { createExcerpts } from '../../logs/excerpt.js';
import { createHudReader } from '../../logs/hud-reader.js';
import type { Redactor } from '../../logs/redact.js';
import { createSessionLog, DEFAULT_LOG_LIMITS } from '../../logs/session-log.js';
import type { SessionFacts } from '../../model/facts.js';
import type { SessionLog } from '../../model/log.js';
import type { Session, SessionId } from '../../model/session.js';

/** The log of one run of a Tilt, and the excerpts of its failed targets. */
export interface HudRun {
  /** Session of the run; null while unknown. */
  readonly id: SessionId | null;
  readonly uid: string | null;
  readonly log: SessionLog;
  /** Whether Tilt's complete view was read. */
  readonly isReady: boolean;
  /** Continues after `end`: a Session that is followed again may have new failures. */
  resume(): void;
  /** Sets the Session of the run. Returns whether it was another one, or none. */
  assign(session: Session): boolean;
  /** Prepares for the messages of a new connection. */
  begin(): void;
  /** Reads a message of the HUD, in slices of a few milliseconds. */
  read(message: Buffer, signal: AbortSignal): Promise<void>;
  markReady(): void;
  /** Returns the facts with the excerpts of the Session: the same object until either changes. */
  attach(session: Session, facts: SessionFacts): SessionFacts;
  /** Ends unfinished lines, and makes excerpts final: the Sessions are no longer followed. */
  end(): void;
  /** Cancels all timers. */
  dispose(): void;
}

/** Dependencies of {@link createHudRun}. */
export interface HudRunOptions {
  readonly uid: string | null;
  readonly redactor: Redactor;
  readonly clock: Clock;
  /** Called when an excerpt has changed. */
  onExcerpts(): void;
}

/** Creates a run with an empty log. */
export function createHudRun({ uid: given, redactor, clock, onExcerpts }: HudRunOptions): HudRun {
  const log = createSessionLog();
  const reader = createHudReader({ log, redactor, limits: DEFAULT_LOG_LIMITS, yieldToLoop: setImmediate });
  const excerpts = createExcerpts({ log, clock, flush: reader.flush, onChange: onExcerpts });
  let id: SessionId | null = null;
  let uid = given;
  let isReady = false;
  let attached: { readonly from: SessionFacts; readonly facts: SessionFacts } | null = null;

  return {
    get id() {
      return id;
    },
    get uid() {
      return uid;
    },
    log,
    get isReady() {
      return isReady;
    },
    resume: excerpts.resume,
    assign(session) {
      const isNew = id !== session.id;
      id = session.id;
      uid ??= session.metadata.uid;
      return isNew;
    },
    begin: reader.reset,
    read: reader.push,
    markReady() {
      isReady = true;
    },
    attach(session, from) {
      if (!isReady || session.id !== id) return from;
      const list = excerpts.read(session);
      if (attached?.from !== from || attached.facts.excerpts !== list) {
        attached = { from, facts: { ...from, excerpts: list } };
      }
      return attached.facts;
    },
    end() {
      reader.flush();
      excerpts.end();
    },
    dispose: excerpts.dispose,
  };
}
