import type { SessionFields } from './generated.js';
import { describeRun, isSameRun, type Run, runOf } from './run.js';
import { matchesSelector, type RunSelection, type SelectRunOptions, selectRun } from './select-run.js';
import type { Condition, RunSelector } from './wait-options.js';

/** The run that a wait is bound to. */
export interface RunBinding {
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
export function createRunBinding(condition: Condition, selector: RunSelector): RunBinding {
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
