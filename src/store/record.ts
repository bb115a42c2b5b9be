import { memoize } from '../lib/memoize.js';
import { explain } from '../model/explanation.js';
import type { MicroTime } from '../model/micro-time.js';
import type { Phase } from '../model/phase.js';
import type { Session, SessionStatus, Target, TargetState } from '../model/session.js';
import { type ConnectionState, computeVerdict, type Verdict } from '../model/verdict.js';
import type { TargetChange } from './diff.js';

/**
 * A Session as the store keeps it: with its connection, and with tracked targets. Immutable: an update
 * creates a new record, in which every unchanged target is the same object as before.
 */
export interface SessionRecord extends Session {
  readonly status: TrackedStatus;
  /** Name of the source that provides it. */
  readonly source: string;
  readonly connection: ConnectionStatus;
}

/** A `SessionStatus` whose targets are tracked. */
export interface TrackedStatus extends SessionStatus {
  readonly targets: readonly TrackedTarget[];
}

/** A target with its id and with what the gateway has observed of it. */
export interface TrackedTarget extends Target {
  /** `<session id>#<target key>`. */
  readonly id: string;
  /** When it entered its phase; see `phaseStart`. */
  readonly since: MicroTime;
  /** Null when no start time is known. */
  readonly readiness: Readiness | null;
  /** Its newest phase transitions, oldest first, at most `HISTORY_LIMIT`. */
  readonly history: readonly Transition[];
}

/** A phase transition of a target, with the time at which the gateway received it. */
export interface Transition {
  readonly time: MicroTime;
  readonly phase: Phase;
  /** First state of the phase. */
  readonly state: TargetState;
  /** Readiness as it was known at that time. */
  readonly readiness: Readiness | null;
}

/**
 * Readiness of one start of a target, as the gateway observed it. Tilt refreshes `lastReadyTime` while a
 * target stays ready, and keeps it across a restart. So only its first value after a state that was not ready
 * is the time at which the target became ready.
 */
export interface Readiness {
  readonly startTime: MicroTime;
  /** When it first became ready after this start; null while it has not, or when that cannot be known. */
  readonly firstReadyTime: MicroTime | null;
  /** Whether this start was observed from before its first readiness, which is yet to happen. */
  readonly isAwaited: boolean;
}

/** Verdict of a record. */
export type RecordVerdict = Verdict<TrackedTarget>;

/** Change of a target between two records of its Session. */
export type RecordChange = TargetChange<TrackedTarget>;

/** Status of the connection to a Session's source. */
export interface ConnectionStatus {
  readonly state: ConnectionState;
  readonly since: MicroTime;
  /** Why it is not live; null otherwise. */
  readonly error: string | null;
}

/**
 * The connection of a record after it entered a state. Returns the present connection when nothing changes.
 * `since` changes only with the state.
 */
export function withConnection(
  before: SessionRecord | null,
  state: ConnectionStatus['state'],
  error: string | null,
  now: MicroTime,
): ConnectionStatus {
  const known = before?.connection;
  if (known?.state !== state) return { state, since: now, error };
  return known.error === error ? known : { state, since: known.since, error };
}

/**
 * When a run that was done before its connection was lost became GONE: at the loss. Its result is no newer
 * than that, however much later the Session is removed. Null for other runs.
 */
export function finalResultTime({ status, connection }: SessionRecord): MicroTime | null {
  return status.done && connection.state === 'stale' ? connection.since : null;
}

/** Verdict of a record, computed once per record. */
export const verdictOfRecord = memoize(
  (record: SessionRecord): RecordVerdict => computeVerdict(record, record.connection.state),
);

/** Explanation of a record's targets, computed once per record. */
export const explanationOfRecord = memoize((record: SessionRecord) => explain(record));
