import { findBlockers } from '../model/phase.js';
import { extractHeadline, plainText } from '../model/plain-text.js';
import type { SessionFields, TargetFields, TargetPhase } from './generated.js';
import { describeLostTilt } from './run.js';
import type { TargetsView } from './views.js';
import { describeBlockers, type KnownTargets } from './waits.js';

/** A target that blocks its Session's verdict. */
export interface Blocker {
  readonly target: TargetFields;
  /** One line: `api:serve: running, not ready`. Only the headline of a multi-line error. */
  readonly why: string;
  /** Start of the target's phase (RFC 3339). */
  readonly since: string;
}

/**
 * Lists the targets that block a verdict: failed ones first, then those being retried, running but not ready
 * or done, and waiting; by name within each. As in Tilt, inactive and disabled targets do not count.
 */
export function blockersOf({ targets }: { readonly targets: ReadonlyMap<string, TargetFields> }): Blocker[] {
  const blockers = Object.values(findBlockers(targets.values(), ({ phase }) => phase)).flat();
  return blockers.map((target) => ({ target, why: describeBlocker(target, targets), since: target.since }));
}

/** A waiting target is described by what it waits for, if that is known. */
function describeBlocker(target: TargetFields, targets: KnownTargets): string {
  const { name, phase, state } = target;
  const activity = state === null ? phase.toLowerCase() : summarize(state);
  return plainText(`${name}: ${describeBlockers(target, targets) ?? activity}`)
    .replace(/\s+/g, ' ')
    .trim();
}

/** The summary, with the error at its end reduced to its headline. */
function summarize(state: NonNullable<TargetFields['state']>): string {
  const error = state.__typename === 'TargetStateTerminated' ? state.error : null;
  if (error === null || error === '' || !state.summary.endsWith(error)) return state.summary;
  return `${state.summary.slice(0, -error.length)}${extractHeadline(error)}`;
}

/**
 * The condition of a wait:
 *
 * - `ready`: the Session's verdict is PASSED. FAILED is a failure, even of `tilt up`, where it may still
 *   change.
 * - `done`: `tilt ci` has finished with the verdict PASSED. Finished and FAILED is a failure. Of `tilt up`:
 *   `impossible`.
 * - a target's phase, exactly: READY is not RUNNING. With `tilt ci`, while another phase is waited for, it is
 *   a failure when the target FAILED or the Session is done.
 */
export type Condition = 'ready' | 'done' | { readonly target: string; readonly phase: TargetPhase };

/** The result of evaluating a condition on a view. `reason` is one line. */
export interface Evaluation {
  /**
   * - `reached`, `failed`: decided, on current or final data.
   * - `open`: neither yet.
   * - `indeterminate`: the view is outdated or incomplete; a later one may decide.
   * - `absent`: indeterminate because there is no run.
   * - `unconfirmed`: indeterminate because there may be another run: from a source that has not delivered
   *   data yet, or since a view that may be out of date.
   * - `unknown`: no later view of this run can decide.
   * - `impossible`: the condition can never hold for such a run.
   * - `replaced`: the view shows another run, which the wait does not follow.
   */
  readonly status:
    | 'reached'
    | 'failed'
    | 'open'
    | 'indeterminate'
    | 'absent'
    | 'unconfirmed'
    | 'unknown'
    | 'impossible'
    | 'replaced';
  readonly reason: string;
  /** The Session that the wait cannot bind to, because the gateway lost the connection to its Tilt. */
  readonly session?: SessionFields;
}

/** Reason before the first response. */
export const NO_ANSWER = 'no gateway has answered yet';

/**
 * Evaluates a condition on a view of the run that a wait is bound to. Never `reached` or `failed` on data
 * that may be out of date: the last state of a Tilt that exited too early says nothing about now.
 */
export function evaluate(view: TargetsView, condition: Condition): Evaluation {
  const { link, session } = view;
  if (link.state !== 'live') return { status: 'indeterminate', reason: link.error ?? NO_ANSWER };
  if (session === null) return { status: 'indeterminate', reason: 'the gateway no longer knows the Session' };
  const { id, spec, connection, verdict } = session;
  if (condition === 'done' && spec.exitCondition === 'MANUAL') {
    return {
      status: 'impossible',
      reason: `${id} runs \`tilt up\`, which is never done; wait for ready instead`,
    };
  }
  if (connection.state === 'STALE') return { status: 'indeterminate', reason: describeLostTilt(session) };
  if (connection.state === 'GONE' && !verdict.final) {
    const detail = connection.error === null ? '' : `: ${connection.error}`;
    return { status: 'indeterminate', reason: `${id}: Tilt exited before it was done${detail}` };
  }
  return typeof condition === 'object'
    ? evaluateTarget(view, session, condition)
    : evaluateVerdict(view, session, condition);
}

function evaluateVerdict(view: TargetsView, session: SessionFields, condition: 'ready' | 'done'): Evaluation {
  const { id, spec, verdict } = session;
  if (!verdict.final && spec.exitCondition === 'UNKNOWN') {
    return { status: 'unknown', reason: `${id}: the gateway does not know its exit condition` };
  }
  const isDecided = condition === 'ready' || verdict.final;
  if (isDecided && verdict.state === 'PASSED') return { status: 'reached', reason: describePassed(session) };
  if (isDecided && verdict.state === 'FAILED') {
    return { status: 'failed', reason: `${id} failed: ${describeFailures(view, session)}` };
  }
  const blockers = blockersOf(view).map(({ why, since }) => `${why} (since ${since})`);
  return { status: 'open', reason: joinLimited(blockers) || verdict.reason || 'not done yet' };
}

/** Phases that a target leaves again: whether it is still in one is unknown once its Tilt has exited. */
const TRANSIENT_PHASES: ReadonlySet<TargetPhase> = new Set([
  'WAITING',
  'UNTRIGGERED',
  'RUNNING',
  'READY',
  'RETRYING',
]);

function evaluateTarget(
  { targets }: TargetsView,
  { id, connection, spec, verdict }: SessionFields,
  { target: name, phase: wanted }: { readonly target: string; readonly phase: TargetPhase },
): Evaluation {
  const found = findTargets(targets, name);
  const hasFailed = found.some(({ phase }) => phase === 'FAILED');
  const other = found.find(({ phase }) => phase !== wanted);
  const isMet = found.length > 0 && other === undefined;
  if (isMet && connection.state === 'GONE' && TRANSIENT_PHASES.has(wanted)) {
    return { status: 'unknown', reason: `${id}: Tilt exited; ${name} was ${wanted} at that time` };
  }
  if (isMet) return { status: 'reached', reason: `${name} is ${wanted}` };
  const isOver = verdict.final || (hasFailed && spec.exitCondition === 'CI');
  const reason =
    other === undefined
      ? `target ${name} not found${suggestTargets(targets, name, wanted)}`
      : `${name} is ${other.phase}, not ${wanted}${describeDetail(other, targets)}`;
  return { status: isOver ? 'failed' : 'open', reason };
}

/** The targets with this name; Tilt allows several. */
function findTargets(targets: ReadonlyMap<string, TargetFields>, name: string): TargetFields[] {
  const named = [...targets.values()].filter((target) => target.name === name);
  const keyed = targets.get(name);
  return named.length > 0 || keyed === undefined ? named : [keyed];
}

/** The error of a target, or what it waits for. */
function describeDetail(target: TargetFields, targets: KnownTargets): string {
  const { state } = target;
  const error = state?.__typename === 'TargetStateTerminated' ? state.error : null;
  const detail = error === null ? describeBlockers(target, targets) : extractHeadline(error);
  return detail === null ? '' : `: ${detail}`;
}

function describePassed({ id, counts, verdict }: SessionFields): string {
  const parts = [
    [counts.ready, 'ready'],
    [counts.succeeded, 'succeeded'],
  ] as const;
  const listed = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const untriggered = joinLimited(
    verdict.untriggered.map(({ name }) => name),
    ', ',
  );
  return `${id} passed: ${listed.join(', ')}${untriggered && `; waiting for a trigger: ${untriggered}`}`;
}

/** Start of a verdict's reason if the cluster cannot be reached. Tilt uses the same words. */
const CLUSTER_FAILURE = 'cluster connection failed';

/** Why a Session failed before any of its targets was considered. Null if the cluster is not the reason. */
export function clusterFailureOf({ cluster, verdict }: SessionFields): string | null {
  const { state, reason } = verdict;
  const isReason = state === 'FAILED' && cluster?.error != null && reason?.startsWith(CLUSTER_FAILURE);
  return isReason ? reason : null;
}

function describeFailures(view: TargetsView, session: SessionFields): string {
  const { status, verdict } = session;
  const failed = blockersOf(view).filter(({ target }) => target.phase === 'FAILED');
  const cluster = clusterFailureOf(session);
  const lines = joinLimited([...(cluster === null ? [] : [cluster]), ...failed.map(({ why }) => why)]);
  return lines || extractHeadline(status.error ?? verdict.reason ?? '') || 'no reason was given';
}

const MAX_LISTED = 10;

function joinLimited(lines: readonly string[], separator = '; '): string {
  const more = lines.length - MAX_LISTED;
  return `${lines.slice(0, MAX_LISTED).join(separator)}${more > 0 ? `${separator}and ${more} more` : ''}`;
}

/** Suggests targets for a name that does not exist: `; did you mean api:serve?`, or lists the known ones. */
function suggestTargets(
  targets: ReadonlyMap<string, TargetFields>,
  name: string,
  wanted: TargetPhase,
): string {
  const resource = parseResource(name);
  const similar = [...targets.values()]
    .filter((target) => target.resources.includes(name) || parseResource(target.name) === resource)
    .sort((a, b) => rank(a, wanted) - rank(b, wanted));
  const names = similar.slice(0, MAX_SUGGESTED).map((target) => target.name);
  if (names.length > 0) return `; did you mean ${names.join(' or ')}?`;
  const known = joinLimited(
    [...targets.values()].map((target) => target.name),
    ', ',
  );
  return known && `; known: ${known}`;
}

const MAX_SUGGESTED = 3;

/** `api:serve` and `API` belong to the resource `api`. */
function parseResource(name: string): string {
  return name.replace(/:[^:]*$/, '').toLowerCase();
}

/** Only a server becomes READY, and only a job SUCCEEDED. */
function rank({ type }: TargetFields, wanted: TargetPhase): number {
  const fits = wanted === 'SUCCEEDED' ? type === 'JOB' : type === 'SERVER';
  return fits ? 0 : 1;
}
