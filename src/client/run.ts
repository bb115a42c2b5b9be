import type { ExitCondition, SessionFields } from './generated.js';
import { formatSession } from './known-sessions.js';

/** One run of Tilt. A restarted Tilt keeps the id of its Session, but is another run. */
export interface Run {
  /** Id of its Session, `<instance>/<name>`. */
  readonly session: string;
  /** Unique id of the run; null when the source provides none. */
  readonly uid: string | null;
  readonly tiltfilePath: string;
  readonly exitCondition: ExitCondition;
  /** Process id on Tilt's machine. */
  readonly pid: number | null;
  /** Start by Tilt's clock (RFC 3339). */
  readonly startTime: string | null;
}

/** The run that a Session reports on. */
export function runOf({ id, metadata, spec, status }: SessionFields): Run {
  const { tiltfilePath, exitCondition } = spec;
  const { pid, startTime } = status;
  return { session: id, uid: metadata.uid, tiltfilePath, exitCondition, pid, startTime };
}

/**
 * Whether two reports of a Session belong to the same run. Compares the uid or, without one, the Tiltfile,
 * process id and start time. Process id and start time may be null at first and be reported later.
 */
export function isSameRun(known: Run, seen: Run): boolean {
  if (known.session !== seen.session) return false;
  if (known.uid !== null && seen.uid !== null) return known.uid === seen.uid;
  return (
    known.tiltfilePath === seen.tiltfilePath &&
    (known.pid === null || known.pid === seen.pid) &&
    (known.startTime === null || known.startTime === seen.startTime)
  );
}

/** Whether both Sessions are known and belong to different runs. */
export function isAnotherRun(
  before: SessionFields | null | undefined,
  after: SessionFields | null | undefined,
): boolean {
  return before != null && after != null && !isSameRun(runOf(before), runOf(after));
}

/** Describes a run: `/home/dev/shop/Tiltfile, started 2026-11-22T11:00:00.000000Z, pid 4711`. */
export function describeRun({ tiltfilePath, startTime, pid }: Run): string {
  const parts = [
    tiltfilePath || 'unknown Tiltfile',
    startTime === null ? '' : `started ${startTime}`,
    pid === null ? '' : `pid ${pid}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/** Selects a run of Tilt. All given fields must match. */
export interface RunSelector {
  /** Process id of the `tilt` command. A run selected by it counts even if it ended long ago. */
  readonly pid?: number | undefined;
  /** Absolute path of its Tiltfile. */
  readonly tiltfile?: string | undefined;
  /** Earliest start, by Tilt's clock. A run selected by it counts even if it ended long ago. */
  readonly startedAfter?: Date | undefined;
}

/** Candidates and criteria of a selection. */
export interface SelectRunOptions {
  readonly sessions: readonly SessionFields[];
  /** The only Session to consider; undefined: all except the demo. */
  readonly id: string | undefined;
  readonly selector: RunSelector;
  /** Start of the wait, in milliseconds since 1970 by the gateway's clock. */
  readonly startedAt: number;
  readonly maxAgeMs: number;
  /** Runs in the first view of the wait. Any other run has appeared during the wait. */
  readonly firstSeen: readonly Run[];
  /** Whether a run that ended before the wait counts, since no run has appeared for `maxAgeMs`. */
  readonly acceptsEndedRun: boolean;
  /** Ends, by {@link endOf}, that lay in the future when they were first seen. */
  readonly futureEnds: ReadonlySet<string>;
}

/** The selected run, or the reason for its absence. */
export type RunSelection =
  | { readonly kind: 'run'; readonly session: SessionFields }
  /** The run exists, but the gateway lost the connection to its Tilt. */
  | { readonly kind: 'stale'; readonly session: SessionFields; readonly reason: string }
  | { readonly kind: 'absent' | 'ambiguous'; readonly reason: string };

/**
 * Selects the run of a wait: the only one that is LIVE or STALE, since the run that was meant may be the
 * STALE one; otherwise one that appeared and ended during the wait; otherwise, once no run has appeared for
 * `maxAgeMs`, the one that ended within `maxAgeMs` before the wait. A run selected by pid or start time
 * counts whenever it ended. An ended run counts only if its verdict is final.
 */
export function selectRun(options: SelectRunOptions): RunSelection {
  const { sessions, id, selector, acceptsEndedRun } = options;
  const isSelected = selector.pid !== undefined || selector.startedAfter !== undefined;
  const candidates = sessions.filter(
    (session) =>
      (id === undefined ? !session.isDemo : session.id === id) && matchesSelector(session, selector),
  );
  const present = candidates.filter(({ connection }) => connection.state !== 'GONE');
  const [first, second] = present;
  if (second) return ambiguous(present);
  if (first?.connection.state === 'LIVE') return { kind: 'run', session: first };
  if (first) return { kind: 'stale', session: first, reason: describeLostTilt(first) };
  const ended = candidates.filter(
    (session) =>
      session.verdict.final &&
      (isSelected || (isRecent(session, options) && (acceptsEndedRun || isNew(session, options)))),
  );
  if (ended.length > 1) return ambiguous(ended);
  if (ended[0]) return { kind: 'run', session: ended[0] };
  return { kind: 'absent', reason: describeAbsence(candidates, options) };
}

/** Whether a Session's run matches the selector. */
export function matchesSelector({ spec, status }: SessionFields, selector: RunSelector): boolean {
  const { pid, tiltfile, startedAfter } = selector;
  return (
    (pid === undefined || status.pid === pid) &&
    (tiltfile === undefined || spec.tiltfilePath === tiltfile) &&
    (startedAfter === undefined || Date.parse(status.startTime ?? '') >= startedAfter.getTime())
  );
}

/** Tolerated difference of the clocks, and of the time that a message takes. */
const CLOCK_TOLERANCE_MS = 2_000;

/**
 * Whether a run has ended in the future: the clock of the gateway is behind that of the NATS servers, or was
 * set back. How long ago the run ended is unknown, also once that time is reached.
 */
export function endsInFuture({ connection }: SessionFields, now: number): boolean {
  return connection.state === 'GONE' && Date.parse(connection.since) > now + CLOCK_TOLERANCE_MS;
}

/** Identifies the end of a run. */
export function endOf({ id, connection }: SessionFields): string {
  return `${id} ${connection.since}`;
}

function isRecent(session: SessionFields, { startedAt, maxAgeMs, futureEnds }: SelectRunOptions): boolean {
  const endedAt = Date.parse(session.connection.since);
  return endedAt >= startedAt - maxAgeMs && !futureEnds.has(endOf(session));
}

function isNew(session: SessionFields, { firstSeen, startedAt }: SelectRunOptions): boolean {
  const run = runOf(session);
  return Date.parse(session.connection.since) >= startedAt && !firstSeen.some((seen) => isSameRun(seen, run));
}

/** Describes a STALE Session. */
export function describeLostTilt({ id, connection }: SessionFields): string {
  const detail = connection.error === null ? '' : `: ${connection.error}`;
  return `${id}: the gateway lost the connection to its Tilt${detail}`;
}

function ambiguous(sessions: readonly SessionFields[]): RunSelection {
  const listed = sessions.slice(0, MAX_LISTED).map(formatSession);
  const more = sessions.length > listed.length ? ` and ${sessions.length - listed.length} more` : '';
  return {
    kind: 'ambiguous',
    reason: `${sessions.length} Sessions match; give an id: ${listed.join(', ')}${more}`,
  };
}

const MAX_LISTED = 20;

function describeAbsence(
  candidates: readonly SessionFields[],
  { sessions, id, selector, futureEnds }: SelectRunOptions,
): string {
  const last = [...candidates].sort((a, b) => (a.connection.since < b.connection.since ? 1 : -1))[0];
  if (last) {
    const how = last.verdict.final ? 'Tilt exited' : 'Tilt exited before it was done';
    const doubt = futureEnds.has(endOf(last)) ? WRONG_CLOCK : '';
    return `${last.id}: ${how}, at ${last.connection.since}${doubt} (${describeRun(runOf(last))})`;
  }
  const wanted = describeSelector(selector);
  if (wanted !== '' && id === undefined) return `no run matches ${wanted}`;
  if (wanted !== '' && sessions.length > 0) return `${id}: its run does not match ${wanted}`;
  if (id !== undefined) return `Session ${id} not found`;
  const demo = sessions.find(({ isDemo }) => isDemo);
  return demo
    ? `no Session is known except the demo; to wait for it, pass its id: ${demo.id}`
    : 'no Session is known';
}

const WRONG_CLOCK =
  ", in the future of the gateway's clock: synchronize the clocks of gateway and NATS servers";

function describeSelector({ pid, tiltfile, startedAfter }: RunSelector): string {
  const parts = [
    tiltfile === undefined ? '' : `Tiltfile ${tiltfile}`,
    pid === undefined ? '' : `pid ${pid}`,
    startedAfter === undefined ? '' : `start at or after ${startedAfter.toISOString()}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
