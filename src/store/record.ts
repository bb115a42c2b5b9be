import { memoize } from '../lib/memoize.js';
import { type MicroTime, microsOf, secondsBetween } from '../model/micro-time.js';
import type { ActiveState, Session, SessionStatus, Target, TargetState } from '../model/session.js';
import { type Link, type Phase, type Verdict, verdictOf } from '../model/verdict.js';
import type { TargetChange } from './diff.js';

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

/** The verdict of a record: computed once, since a record never changes. */
export const verdictOfRecord = memoize(
  (record: SessionRecord): RecordVerdict => verdictOf(record, record.connection.state),
);

/**
 * What the gateway saw of the readiness of one start of a target. Tilt's `lastReadyTime` is refreshed while a target stays
 * ready and kept when it restarts. So only its first value after a state that was not ready says when the target became
 * ready.
 */
export interface Readiness {
  readonly startTime: MicroTime;
  /** When it first became ready after this start; null while it has not, and when that cannot be known. */
  readonly firstReadyTime: MicroTime | null;
  /** Whether the gateway has seen this start since before its first readiness, and that is still to come. */
  readonly isAwaited: boolean;
}

/**
 * What is known of the readiness after a state.
 *
 * @param before what was known before it
 */
export function trackReadiness(before: Readiness | null, state: TargetState): Readiness | null {
  if (state.is !== 'active') return before;
  const { startTime, ready } = state;
  if (startTime === null) return null;
  const known = before?.startTime === startTime ? before : null;
  if (known !== null && !(ready && known.isAwaited)) return known;
  // Times are only parsed at the first state of a start and at its first readiness.
  const readyTime = readyTimeOf(state);
  if (!ready) return { startTime, firstReadyTime: null, isAwaited: readyTime === null };
  return { startTime, firstReadyTime: known === null ? null : readyTime, isAwaited: false };
}

/** `lastReadyTime`, unless it is of an earlier start. */
export function readyTimeOf({ startTime, lastReadyTime }: ActiveState): MicroTime | null {
  if (startTime === null || lastReadyTime === null) return lastReadyTime;
  return (microsOf(lastReadyTime) ?? 0) < (microsOf(startTime) ?? 0) ? null : lastReadyTime;
}

/** Seconds from the start of an active target to its first readiness; null when that is not known. */
export function secondsToReady(readiness: Readiness | null, { startTime }: ActiveState): number | null {
  return readiness === null || readiness.startTime !== startTime
    ? null
    : secondsBetween(startTime, readiness.firstReadyTime);
}
