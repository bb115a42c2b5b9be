import { targetKey } from '../../client/changes.js';
import type { TargetFields, TargetsView, VerdictState } from '../../client/client.js';
import { isAnotherRun } from '../../client/run.js';
import { terminalText } from '../safe-text.js';
import { statusLine } from '../target-facts.js';

/** Something that a command is to be run for. */
export interface Alert {
  /** Of alerts with one key that wait, only the newest counts. */
  readonly key: string;
  /** The facts, as variables of the environment; each is one line. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Finds what is worth an alert in one view after the other: the verdict has changed, a target has failed (once more). What is
 * so at first is none. A Session that is away for a while, as when a gateway starts anew, is compared with what it was before.
 */
export function createAlerts(): (view: TargetsView) => Alert[] {
  let verdict: VerdictState | null = null;
  let before: TargetsView['session'] = null;
  const failures = new Map<string, string>();

  return (view) => {
    const { session, targets, changes, reset } = view;
    if (session === null) return [];
    const isFirst = verdict === null;
    const touched = reset ? [...targets.values()] : changes.map(({ target }) => target);
    const failed = touched.filter((target) => {
      const key = targetKey(target);
      return hasFailedAnew(key, targets.get(key) ?? target);
    });
    const previous = verdict;
    const isOtherRun = isAnotherRun(before, session);
    verdict = session.verdict.state;
    before = session;
    if (isFirst) return [];
    const alerts = failed.map((target) => failureAlert(target, view));
    const isNews = previous !== verdict || isOtherRun;
    return previous === null || !isNews ? alerts : [...alerts, verdictAlert(view, previous)];
  };

  function hasFailedAnew(key: string, { phase, state }: TargetFields): boolean {
    const failure = phase === 'FAILED' ? JSON.stringify(state) : null;
    const isNew = failure !== null && failures.get(key) !== failure;
    if (failure === null) failures.delete(key);
    else failures.set(key, failure);
    return isNew;
  }
}

function failureAlert(target: TargetFields, { session }: TargetsView): Alert {
  const key = targetKey(target);
  return {
    key: `target ${key}`,
    env: variables({
      EVENT: 'target-failed',
      SESSION: session?.id,
      VERDICT: session?.verdict.state,
      TARGET: key,
      PHASE: target.phase,
      RESOURCES: target.resources.join(','),
      ERROR: statusLine(target),
    }),
  };
}

function verdictAlert({ session }: TargetsView, previous: VerdictState): Alert {
  return {
    key: 'verdict',
    env: variables({
      EVENT: 'verdict',
      SESSION: session?.id,
      VERDICT: session?.verdict.state,
      PREVIOUS_VERDICT: previous,
      FINAL: String(session?.verdict.final ?? false),
      REASON: session?.verdict.reason ?? '',
    }),
  };
}

/** A variable of 128 kB would keep the command from being run at all. */
const LONGEST = 4_000;

function variables(facts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact = '']) => [
      `TILT_GRAPHQL_${name}`,
      terminalText(fact).slice(0, LONGEST),
    ]),
  );
}
