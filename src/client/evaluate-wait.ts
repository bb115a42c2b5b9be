import { type Evaluation, evaluate, NO_ANSWER } from './evaluate.js';
import type { SessionFields } from './generated.js';
import { describeRun, isSameRun, type Run, runOf } from './run.js';
import { matchesSelector, type RunSelection, type SelectRunOptions, selectRun } from './select-run.js';
import type { SessionsView, TargetsView } from './views.js';
import type { Condition, RunSelector, WaitOptions } from './wait-options.js';

/**
 * What a view says of a wait. `absent`: as `indeterminate`, for want of a run. `replaced`: it is of another run, which the wait
 * does not follow.
 */
export interface WaitEvaluation extends Omit<Evaluation, 'is'> {
  readonly is: Evaluation['is'] | 'absent' | 'replaced';
  /** The Session that the wait cannot be bound to yet, since the link to its Tilt is lost. */
  readonly session?: SessionFields;
}

/** Chooses the run of a wait, and evaluates the wait's condition on that run alone. */
interface WaitEvaluator {
  /** The run that was chosen; null until there is one. */
  readonly run: Run | null;
  readonly replacedRuns: readonly Run[];
  /** Evaluates a view of every Session, among which the run is to be found. */
  onSessions(view: SessionsView): WaitEvaluation;
  /** Evaluates a view of the one Session that the wait is about. */
  onTargets(view: TargetsView): WaitEvaluation;
}

/** When a wait started and what time it is, both by the gateway's clock. */
export type WaitTiming = Pick<SelectRunOptions, 'startedAt' | 'now' | 'maxAgeMs' | 'isLate'>;

/** Creates an evaluator without a run. */
export function createWaitEvaluator(
  { session: id, run: selector = {}, for: condition }: Pick<WaitOptions, 'session' | 'run' | 'for'>,
  timing: () => WaitTiming,
): WaitEvaluator {
  const binding = createRunBinding(condition, selector);
  return {
    get run() {
      return binding.run;
    },
    replacedRuns: binding.replacedRuns,
    onSessions({ link, sessions }) {
      if (link.state !== 'live') return { is: 'indeterminate', reason: link.error ?? NO_ANSWER };
      const unbound = choose([...sessions.values()]);
      return unbound ?? { is: 'indeterminate', reason: 'its targets are not known yet' };
    },
    onTargets(view) {
      const { link, session } = view;
      if (link.state === 'live') {
        const other = binding.run === null ? choose(session ? [session] : []) : replaced(session);
        if (other) return other;
      }
      return evaluate(view, condition);
    },
  };

  function choose(sessions: readonly SessionFields[]): WaitEvaluation | null {
    return unboundBecause(binding.choose({ sessions, id, ...timing() }));
  }

  function replaced(session: SessionFields | null): WaitEvaluation | null {
    const reason = session === null ? null : binding.replacedBy(session);
    return reason === null ? null : { is: 'replaced', reason };
  }
}

function unboundBecause(selection: RunSelection): WaitEvaluation | null {
  switch (selection.is) {
    case 'run':
      return null;
    case 'absent':
      return { is: 'absent', reason: selection.reason };
    case 'stale':
      return { is: 'indeterminate', reason: selection.reason, session: selection.session };
    case 'ambiguous':
      return { is: 'unknown', reason: selection.reason };
  }
}

/** The run that a wait is bound to. */
interface RunBinding {
  /** Null until one is chosen. */
  readonly run: Run | null;
  /** The runs that it has replaced, oldest first. */
  readonly replacedRuns: readonly Run[];
  /** Chooses a run among these Sessions, and binds to it if there is one. */
  choose(options: Omit<SelectRunOptions, 'firstSeen' | 'selector'>): RunSelection;
  /**
   * Compares the run of the bound Session with the chosen one. Null while it is the same, or one that may be followed:
   * otherwise which run replaced which, in one line.
   */
  replacedBy(session: SessionFields): string | null;
}

/** Creates a binding without a run. */
function createRunBinding(condition: Condition, selector: RunSelector): RunBinding {
  let run: Run | null = null;
  let firstSeen: readonly Run[] | null = null;
  const replacedRuns: Run[] = [];
  return {
    get run() {
      return run;
    },
    replacedRuns,
    choose(options) {
      firstSeen ??= options.sessions.map(runOf);
      const selection = selectRun({ ...options, selector, firstSeen });
      if (selection.is === 'run') run = runOf(selection.session);
      return selection;
    },
    replacedBy(session) {
      const seen = runOf(session);
      if (run === null || isSameRun(run, seen)) {
        run = seen;
        return null;
      }
      // Not known to be another one than the restart: the view is not evaluated, since it is not of a LIVE Session.
      if (condition === 'ready' && run.exitCondition === 'MANUAL' && isStartOfCommand(session)) return null;
      if (condition === 'ready' && isRestart(run, seen) && matchesSelector(session, selector)) {
        replacedRuns.push(run);
        run = seen;
        return null;
      }
      return `${session.id}: replaced by another run (${describeRun(seen)}); this wait was for ${describeRun(run)}`;
    },
  };
}

/** Whether a Session stands for a command of `publish` whose Tilt has not been read yet. */
function isStartOfCommand({ connection, spec }: SessionFields): boolean {
  return connection.state === 'STALE' && spec.tiltfilePath === '';
}

/** Whether a `tilt up` was started again: whoever waits for it to be ready waits for the new one. */
function isRestart(known: Run, seen: Run): boolean {
  const isUp = known.exitCondition === 'MANUAL' && seen.exitCondition === 'MANUAL';
  return isUp && known.tiltfilePath === seen.tiltfilePath;
}
