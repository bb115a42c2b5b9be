import type { MicroTime } from '../model/micro-time.js';
import type { Session, SessionStatus, Target, TargetState } from '../model/session.js';
import { type Link, type Phase, type Verdict, verdictOf } from '../model/verdict.js';
import type { TargetChange } from './diff.js';
import type { Readiness } from './readiness.js';

/**
 * A Session as the store holds it: with its link, and its targets with what was seen of them. Immutable: an update
 * makes a new record in which every target that did not change is the same object as before.
 */
export interface SessionRecord extends Session {
  readonly status: TrackedStatus;
  /** The name of the source it comes from. */
  readonly source: string;
  readonly connection: Connection;
}

/** A `SessionStatus` whose targets are tracked. */
export interface TrackedStatus extends SessionStatus {
  readonly targets: readonly TrackedTarget[];
}

/** A target with an id of its own, and what the gateway saw of it. */
export interface TrackedTarget extends Target {
  /** `<session id>#<target key>`. */
  readonly id: string;
  /** When it entered its phase; see `phaseStart`. */
  readonly since: MicroTime;
  /** Null where no start time is known. */
  readonly readiness: Readiness | null;
  /** Changes of its phase, oldest first, {@link HISTORY_LIMIT} at most. */
  readonly history: readonly Transition[];
}

/** A change of a target's phase, and when (by the gateway's clock) it was seen. */
export interface Transition {
  readonly time: MicroTime;
  readonly phase: Phase;
  /** The state with which it entered the phase. */
  readonly state: TargetState;
  /** What was known at that time. */
  readonly readiness: Readiness | null;
}

/** The verdict on a record. */
export type RecordVerdict = Verdict<TrackedTarget>;

/** What happened to a target between two records of its Session. */
export type RecordChange = TargetChange<TrackedTarget>;

/** How the link to a Session's source is. */
export interface Connection {
  readonly state: Link;
  readonly since: MicroTime;
  /** What is wrong; null while live. */
  readonly error: string | null;
}

/** The link of a record in this state: the one it has, where that says the same. `since` stays while the state does. */
export function linked(
  before: SessionRecord | null,
  state: Connection['state'],
  error: string | null,
  now: MicroTime,
): Connection {
  const known = before?.connection;
  if (known?.state !== state) return { state, since: now, error };
  return known.error === error ? known : { state, since: known.since, error };
}

/** How many transitions of a target are kept: enough to see a flapping server's last minutes, little enough for 10,000 targets. */
export const HISTORY_LIMIT = 50;

/** A target's transitions with one more. */
export function withTransition(history: readonly Transition[], transition: Transition): Transition[] {
  // `[...history, transition]` would hold room for sixteen more, 128 bytes a target; `concat` takes five times as long.
  return history.slice(1 - HISTORY_LIMIT).toSpliced(HISTORY_LIMIT, 0, transition);
}

const verdicts = new WeakMap<SessionRecord, RecordVerdict>();

/** The verdict of a record: worked out once, since a record never changes. */
export function verdictOfRecord(record: SessionRecord): RecordVerdict {
  let verdict = verdicts.get(record);
  if (!verdict) {
    verdict = verdictOf(record, record.connection.state);
    verdicts.set(record, verdict);
  }
  return verdict;
}
