import { headlineOf } from '../model/plain-text.js';
import { blockersOf } from './blockers.js';
import type { SessionFields, TargetFields, TargetPhase } from './generated.js';
import type { TargetsView } from './views.js';
import type { Condition, WaitOutcome } from './wait-options.js';

/** What a view says of a condition. `reason` is one line. */
export interface Evaluation {
  /**
   * `open`: neither met nor failed yet. `indeterminate`: the view says nothing that counts, and a later one may;
   * `absent`: as that, for want of a run. `unknown`: no later view of this run will say it. `impossible`: the condition can
   * never hold for such a run. `replaced`: the view is of another run, which the wait does not follow.
   */
  readonly is: Exclude<WaitOutcome['result'], 'timeout'> | 'open' | 'indeterminate' | 'absent' | 'replaced';
  readonly reason: string;
  /** The Session that the wait cannot be bound to yet, since the link to its Tilt is lost. */
  readonly session?: SessionFields;
}

/**
 * Evaluates a condition on a view of the run that a wait is bound to. Never `reached` or `failed` on news that may be out of
 * date: what a Tilt that has left was doing says nothing about now.
 */
export function evaluate(view: TargetsView, condition: Condition): Evaluation {
  const { link, session } = view;
  if (link.state !== 'live') return { is: 'indeterminate', reason: link.error ?? NO_ANSWER };
  if (session === null) return { is: 'indeterminate', reason: 'its Session is no longer known' };
  const { id, spec, connection, verdict } = session;
  if (condition === 'done' && spec.exitCondition === 'MANUAL') {
    return {
      is: 'impossible',
      reason: `${id} is of \`tilt up\`, which is never done; wait for ready instead`,
    };
  }
  const error = connection.error === null ? '' : `: ${connection.error}`;
  if (connection.state === 'STALE') {
    return { is: 'indeterminate', reason: `${id}: the link to its Tilt is lost${error}` };
  }
  if (connection.state === 'GONE' && !verdict.final) {
    return { is: 'indeterminate', reason: `${id}: its Tilt has left before it was done${error}` };
  }
  return typeof condition === 'object'
    ? evaluateTarget(view, session, condition)
    : evaluateVerdict(view, session, condition);
}

/** Why nothing is known before the first answer. */
export const NO_ANSWER = 'no gateway has answered yet';

function evaluateVerdict(view: TargetsView, session: SessionFields, condition: 'ready' | 'done'): Evaluation {
  const { id, spec, verdict } = session;
  if (!verdict.final && spec.exitCondition === 'UNKNOWN') {
    return { is: 'unknown', reason: `${id}: its exit condition is not known to this gateway` };
  }
  const isDecided = condition === 'ready' || verdict.final;
  if (isDecided && verdict.state === 'PASSED') return { is: 'reached', reason: passed(session) };
  if (isDecided && verdict.state === 'FAILED') {
    return { is: 'failed', reason: `${id} failed: ${failures(view, session)}` };
  }
  const blockers = blockersOf(view).map(({ why, since }) => `${why} (since ${since})`);
  return { is: 'open', reason: listed(blockers) || verdict.reason || 'not done yet' };
}

/** What a target is in for a while only: a Tilt that has left says no more of it. */
const PASSING: ReadonlySet<TargetPhase> = new Set(['WAITING', 'RUNNING', 'READY', 'RETRYING']);

function evaluateTarget(
  { targets }: TargetsView,
  { id, connection, spec, verdict }: SessionFields,
  { target: name, phase: wanted }: { readonly target: string; readonly phase: TargetPhase },
): Evaluation {
  const found = targetsNamed(targets, name);
  const hasFailed = found.some(({ phase }) => phase === 'FAILED');
  const other = found.find(({ phase }) => phase !== wanted);
  const isMet = found.length > 0 && other === undefined;
  const reason = isMet
    ? `${name} is ${wanted}`
    : `${other ? `${name} is ${other.phase}` : `there is no target ${name}`}, not ${wanted}${noteOn(other, targets, name, wanted)}`;
  if (connection.state === 'GONE' && PASSING.has(wanted) && (isMet || !hasFailed)) {
    const last = other ?? found[0];
    const was = last ? `${name} was ${last.phase}` : `there was no target ${name}`;
    return { is: 'unknown', reason: `${id}: its Tilt has left; ${was} at the end` };
  }
  if (isMet) return { is: 'reached', reason };
  const isOver = verdict.final || (hasFailed && spec.exitCondition === 'CI');
  return { is: isOver ? 'failed' : 'open', reason };
}

/** The targets of a name: Tilt allows several. */
function targetsNamed(targets: ReadonlyMap<string, TargetFields>, name: string): TargetFields[] {
  const named = [...targets.values()].filter((target) => target.name === name);
  const keyed = targets.get(name);
  return named.length > 0 || keyed === undefined ? named : [keyed];
}

/** What goes on after a target's phase: its error, or which target may be meant. */
function noteOn(
  target: TargetFields | undefined,
  targets: ReadonlyMap<string, TargetFields>,
  name: string,
  wanted: TargetPhase,
): string {
  if (target === undefined) return targetHint(targets, name, wanted);
  const error = target.state?.__typename === 'TargetStateTerminated' ? target.state.error : null;
  return error === null ? '' : `: ${headlineOf(error)}`;
}

function passed({ id, counts }: SessionFields): string {
  const of = [
    [counts.ready, 'ready'],
    [counts.succeeded, 'succeeded'],
  ] as const;
  const said = of.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return `${id} passed: ${said.join(', ')}`;
}

/** Enough for a person. */
const MAX_LISTED = 10;

function failures(view: TargetsView, { status, verdict }: SessionFields): string {
  const failed = blockersOf(view).filter(({ target }) => target.phase === 'FAILED');
  const lines = listed(failed.map(({ why }) => why));
  return lines || headlineOf(status.error ?? verdict.reason ?? '') || 'no reason was given';
}

function listed(lines: readonly string[]): string {
  const more = lines.length - MAX_LISTED;
  return `${lines.slice(0, MAX_LISTED).join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

/** Which target may be meant by a name that no target has: `; did you mean api:serve?`, or nothing. */
function targetHint(targets: ReadonlyMap<string, TargetFields>, name: string, wanted: TargetPhase): string {
  const resource = resourceOf(name);
  const similar = [...targets.values()]
    .filter((target) => target.resources.includes(name) || resourceOf(target.name) === resource)
    .sort((a, b) => rank(a, wanted) - rank(b, wanted));
  const names = similar.slice(0, MAX_NAMED).map((target) => target.name);
  return names.length === 0 ? '' : `; did you mean ${names.join(' or ')}?`;
}

const MAX_NAMED = 3;

/** `api:serve` and `API` are about the resource `api`. */
function resourceOf(name: string): string {
  return name.replace(/:[^:]*$/, '').toLowerCase();
}

/** Only a server becomes READY, and only a job SUCCEEDED. */
function rank({ type }: TargetFields, wanted: TargetPhase): number {
  const fits = wanted === 'SUCCEEDED' ? type === 'JOB' : type === 'SERVER';
  return fits ? 0 : 1;
}
