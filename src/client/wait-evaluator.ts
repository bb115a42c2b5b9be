import { type Condition, type Evaluation, evaluate, NO_ANSWER } from './evaluate.js';
import type { SessionFields } from './generated.js';
import { describeConnecting } from './known-sessions.js';
import {
  describeRun,
  endOf,
  endsInFuture,
  isSameRun,
  matchesSelector,
  type Run,
  type RunSelector,
  runOf,
  type SelectRunOptions,
  selectRun,
} from './run.js';
import type { SessionsView, TargetsView } from './views.js';

/** Binds a wait to one run, and evaluates the wait's condition on that run alone. */
export interface WaitEvaluator {
  /** The run that the wait is bound to; null until one is selected. */
  readonly run: Run | null;
  /** The runs that `run` has replaced, oldest first. */
  readonly replacedRuns: readonly Run[];
  /**
   * Looks for the run in a view of all Sessions.
   *
   * @param connecting the sources that had not delivered data before the view; null if they are not known
   */
  onSessions(view: SessionsView, connecting: readonly string[] | null): Evaluation;
  /**
   * Evaluates the condition on a view of the wait's Session.
   *
   * @param isRepeated whether the view was evaluated before. It may be out of date, so it selects no run
   */
  onTargets(view: TargetsView, isRepeated?: boolean): Evaluation;
}

/** Start and current time of a wait by the gateway's clock. */
export interface WaitTiming extends Pick<SelectRunOptions, 'startedAt' | 'maxAgeMs' | 'acceptsEndedRun'> {
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Session, run and condition of a wait. */
export interface WaitSubject {
  /**
   * Id of the Session, which need not exist yet. Optional while only one run matches; without it, no run is
   * selected before every source of the gateway has delivered its Sessions or failed. Required to wait for
   * the demo.
   */
  readonly session?: string | undefined;
  /**
   * Selects a run. Default: the only one that is LIVE or STALE, otherwise the next one to appear, or one that
   * ended just before.
   */
  readonly run?: RunSelector | undefined;
  readonly for: Condition;
}

/** Creates an evaluator that is not bound to a run yet. */
export function createWaitEvaluator(
  { session: id, run: selector = {}, for: condition }: WaitSubject,
  timing: () => WaitTiming,
): WaitEvaluator {
  /** The run that the wait is for. No other one is selected, also while it is not bound to it yet. */
  let intended: Run | null = null;
  let isBound = false;
  let firstSeen: readonly Run[] | null = null;
  const futureEnds = new Set<string>();
  const replacedRuns: Run[] = [];

  return {
    get run() {
      return isBound ? intended : null;
    },
    replacedRuns,
    onSessions({ link, sessions }, connecting) {
      if (link.state !== 'live') return { status: 'indeterminate', reason: link.error ?? NO_ANSWER };
      const failure = bind([...sessions.values()], (session) =>
        connecting?.length === 0 ? null : describeUnconfirmed(session, connecting),
      );
      return failure ?? { status: 'indeterminate', reason: 'no targets received yet' };
    },
    onTargets(view, isRepeated = false) {
      const { link, session } = view;
      if (link.state === 'live') {
        // Only one source provides the Session with this id.
        const other = isBound
          ? session && checkReplaced(session)
          : bind(session ? [session] : [], (seen) => (isRepeated ? describeRepeated(seen) : null));
        if (other) return other;
      }
      return evaluate(view, condition);
    },
  };

  /**
   * Selects a run and binds to it. Returns null on success, otherwise an evaluation with the reason.
   *
   * @param findDoubt why the selected run may not be the right one; null if it is
   */
  function bind(
    sessions: readonly SessionFields[],
    findDoubt: (session: SessionFields) => string | null,
  ): Evaluation | null {
    firstSeen ??= sessions.map(runOf);
    const { now, ...limits } = timing();
    for (const session of sessions) if (endsInFuture(session, now)) futureEnds.add(endOf(session));
    const selection = selectRun({ sessions, id, selector, firstSeen, futureEnds, ...limits });
    if (selection.kind !== 'run' && selection.kind !== 'stale') {
      return { status: selection.kind === 'absent' ? 'absent' : 'unknown', reason: selection.reason };
    }
    const { session } = selection;
    const replaced = checkReplaced(session);
    if (replaced) return replaced;
    // A run that has ended must not keep the next one from being selected.
    if (!hasEnded(session) && !isPlaceholder(session)) intended = runOf(session);
    if (selection.kind === 'stale') return { status: 'indeterminate', reason: selection.reason, session };
    const doubt = findDoubt(session);
    if (doubt !== null) return { status: 'unconfirmed', reason: doubt };
    intended = runOf(session);
    isBound = true;
    return null;
  }

  /**
   * Checks whether a Session reports another run than the intended one, if there is one. Follows a restart
   * where the wait allows one; otherwise returns the evaluation `replaced`.
   */
  function checkReplaced(session: SessionFields): Evaluation | null {
    const seen = runOf(session);
    if (intended === null) return null;
    if (isSameRun(intended, seen)) {
      intended = seen;
      return null;
    }
    if (condition === 'ready' && intended.exitCondition === 'MANUAL') {
      // This may become the restart. Meanwhile the Session is STALE, so the wait is indeterminate.
      if (isPlaceholder(session) && seen.session === intended.session) return null;
      const isEarlier = replacedRuns.some((replaced) => isSameRun(replaced, seen));
      if (!isEarlier && isRestart(intended, seen) && matchesSelector(session, selector)) {
        replacedRuns.push(intended);
        intended = seen;
        return null;
      }
    }
    return { status: 'replaced', reason: describeReplaced(intended, seen) };
  }
}

/** Whether a run has ended. A `tilt ci` is done a moment before it exits: its connection may be STALE first. */
function hasEnded({ connection: { state }, verdict }: SessionFields): boolean {
  return state === 'GONE' || (state === 'STALE' && verdict.final);
}

/** Whether a Session is the placeholder that `publish -- COMMAND` writes until it has read its Tilt. */
function isPlaceholder({ connection, spec }: SessionFields): boolean {
  return connection.state === 'STALE' && spec.tiltfilePath === '';
}

/**
 * Whether a run is a later `tilt up` of the same Tiltfile, with the same id. An earlier one that still runs
 * may take the id: both had `--port 0`, or another gateway answers now.
 */
function isRestart(known: Run, seen: Run): boolean {
  // Not a number, and so not earlier, if a start is unknown.
  const isEarlier = Date.parse(seen.startTime ?? '') < Date.parse(known.startTime ?? '');
  return (
    !isEarlier &&
    known.session === seen.session &&
    known.tiltfilePath === seen.tiltfilePath &&
    seen.exitCondition === 'MANUAL'
  );
}

/** Names the run that a wait was for, and the one that exists instead. */
function describeReplaced(intended: Run, seen: Run): string {
  const { session } = intended;
  const change =
    session === seen.session ? 'replaced by another run' : `another run matches now: ${seen.session}`;
  return `${session}: ${change} (${describeRun(seen)}); this wait was for ${describeRun(intended)}`;
}

/** Says that a run may not be the only one. */
function describeUnconfirmed({ id }: SessionFields, connecting: readonly string[] | null): string {
  const detail =
    connecting === null
      ? 'the gateway has not reported its sources'
      : `${describeConnecting(connecting)}; give an id to select a run`;
  return `${id} may not be the only Session that matches: ${detail}`;
}

/** Says that a run had ended in a view that may be out of date. */
function describeRepeated({ id }: SessionFields): string {
  return `${id}: Tilt had exited, and the gateway has not confirmed that no other run has started since`;
}
