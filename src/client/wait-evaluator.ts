import { type Evaluation, evaluate, NO_ANSWER } from './evaluate.js';
import type { SessionFields } from './generated.js';
import type { Run } from './run.js';
import { createRunBinding, type RunSelection, type SelectRunOptions } from './run-binding.js';
import type { SessionsView, TargetsView } from './views.js';
import type { WaitOptions } from './wait-options.js';

/** Chooses the run of a wait, and evaluates the wait's condition on that run alone. */
export interface WaitEvaluator {
  /** The run that was chosen; null until there is one. */
  readonly run: Run | null;
  readonly replacedRuns: readonly Run[];
  /** Evaluates a view of every Session, among which the run is to be found. */
  onSessions(view: SessionsView): Evaluation;
  /** Evaluates a view of the one Session that the wait is about. */
  onTargets(view: TargetsView): Evaluation;
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

  function choose(sessions: readonly SessionFields[]): Evaluation | null {
    return unboundBecause(binding.choose({ sessions, id, ...timing() }));
  }

  function replaced(session: SessionFields | null): Evaluation | null {
    const reason = session === null ? null : binding.replacedBy(session);
    return reason === null ? null : { is: 'replaced', reason };
  }
}

function unboundBecause(selection: RunSelection): Evaluation | null {
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
