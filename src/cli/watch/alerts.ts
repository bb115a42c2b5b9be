import { targetKey } from '../../client/changes.js';
import type { TargetFields, TargetsView, VerdictState } from '../../client/client.js';
import { isAnotherRun } from '../../client/run.js';
import { findCaused } from '../../client/waits.js';
import { clusterErrorLine } from '../../model/plain-text.js';
import { statusLine, terminalText } from '../text.js';

/** Event that runs the command of `--exec`. */
export interface Alert {
  /** A new alert replaces a waiting one with the same key. */
  readonly key: string;
  /** Environment variables that describe the event; each is one line. */
  readonly env: Readonly<Record<string, string>>;
  /** The failed target, and the id of its Session. */
  readonly failure?: { readonly session: string; readonly target: TargetFields };
}

/**
 * Creates a function that compares each view with the one before, and returns alerts for a changed verdict
 * and for each new failure of a target. The first view gives none. A Session that was missing for a while,
 * for example during a restart of the gateway, is compared with its last known state.
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
      return hasNewFailure(key, targets.get(key) ?? target);
    });
    const previous = verdict;
    const isOtherRun = isAnotherRun(before, session);
    verdict = session.verdict.state;
    before = session;
    if (isFirst) return [];
    const alerts = failed.map((target) => failureAlert(target, view));
    const hasNewVerdict = previous !== verdict || isOtherRun;
    return previous === null || !hasNewVerdict ? alerts : [...alerts, verdictAlert(view, previous)];
  };

  function hasNewFailure(key: string, { phase, state }: TargetFields): boolean {
    const failure = phase === 'FAILED' ? JSON.stringify(state) : null;
    const isNew = failure !== null && failures.get(key) !== failure;
    if (failure === null) failures.delete(key);
    else failures.set(key, failure);
    return isNew;
  }
}

function failureAlert(target: TargetFields, { session, targets }: TargetsView): Alert {
  const key = targetKey(target);
  return {
    key: `target ${key}`,
    env: toVariables({
      EVENT: 'target-failed',
      SESSION: session?.id,
      VERDICT: session?.verdict.state,
      TARGET: key,
      PHASE: target.phase,
      RESOURCES: target.resources.join(','),
      ERROR: statusLine(target),
      BLOCKS: findCaused(target.name, targets).join(','),
    }),
    ...(session && { failure: { session: session.id, target } }),
  };
}

function verdictAlert({ session, targets }: TargetsView, previous: VerdictState): Alert {
  const { failed, retrying, notReady, waiting } = session?.verdict ?? NO_TARGETS;
  const names = [...failed, ...retrying, ...notReady, ...waiting].map(({ name }) => name);
  const causes = waiting.flatMap(({ name }) => targets.get(name)?.rootCause?.name ?? []);
  return {
    key: 'verdict',
    env: toVariables({
      EVENT: 'verdict',
      SESSION: session?.id,
      VERDICT: session?.verdict.state,
      PREVIOUS_VERDICT: previous,
      FINAL: String(session?.verdict.final ?? false),
      REASON: session?.verdict.reason ?? '',
      BLOCKERS: names.join(','),
      ROOT_CAUSE: failed[0]?.name ?? causes[0] ?? '',
      CLUSTER_ERROR: clusterErrorLine(session?.cluster?.error ?? ''),
    }),
  };
}

const NO_TARGETS = { failed: [], retrying: [], notReady: [], waiting: [] };

/** Maximum length of a variable. Linux cannot run a command with a variable of 128 kB. */
const MAX_VALUE_LENGTH = 4_000;

function toVariables(facts: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([name, fact = '']) => [
      `TILT_GRAPHQL_${name}`,
      shortenLine(terminalText(fact)),
    ]),
  );
}

/** Keeps the first third and the last two thirds of the maximum: the cause of an error is at its end. */
function shortenLine(line: string): string {
  if (line.length <= MAX_VALUE_LENGTH) return line;
  const head = Math.floor(MAX_VALUE_LENGTH / 3);
  return `${line.slice(0, head)}…${line.slice(head + 1 - MAX_VALUE_LENGTH)}`;
}
