import {
  type Condition,
  describeRun,
  type ResourceFields,
  type SessionFields,
  type TargetFields,
  type WaitOutcome,
} from '../../client/client.js';
import { clusterFailureOf } from '../../client/evaluate.js';
import type { Excerpts } from '../../client/excerpts.js';
import { findBlockers } from '../../model/phase.js';
import { plainText } from '../../model/plain-text.js';
import { lineText, statusLine } from '../text.js';

/** Outcome of a wait, also of one that a signal ended. */
export interface WaitResult extends Omit<WaitOutcome, 'result'> {
  /** `interrupted`: a signal ended the wait. */
  readonly result: WaitOutcome['result'] | 'interrupted';
  readonly condition: Condition;
  /** Duration of the wait in milliseconds. */
  readonly tookMs: number;
  /** End of the wait in milliseconds since 1970. */
  readonly now: number;
}

/** Result of a wait with the data that its reports show. */
export interface WaitReport extends WaitResult {
  /** Resources of the Session at the end; null if they are not known, or the report does not need them. */
  readonly resources: readonly ResourceFields[] | null;
  /** Ends of the logs of the root causes. Empty if they are not known. */
  readonly excerpts: Excerpts;
}

/** Session of the wait; null when the gateway never reported it. */
export function sessionOf({ view }: WaitReport): SessionFields | null {
  return view?.session ?? null;
}

/** Last known states of the targets, in Tilt's order. */
export function targetsOf({ view }: WaitResult): TargetFields[] {
  return [...(view?.targets.values() ?? [])];
}

/** End of the run by Tilt's clock, or else the exit of its Tilt, or now. Milliseconds since 1970. */
export function findRunEnd(report: WaitReport): number {
  const session = sessionOf(report);
  if (session === null) return report.now;
  const ends = targetsOf(report).flatMap(({ state }) =>
    state?.__typename === 'TargetStateTerminated' && state.finishTime !== null
      ? [Date.parse(state.finishTime)]
      : [],
  );
  if (session.verdict.final && ends.length > 0) return Math.max(...ends);
  return session.connection.state === 'GONE' ? Date.parse(session.connection.since) : report.now;
}

/** Whether the target states may be out of date: the connection to the gateway or to Tilt is not live. */
export function isStale({ view }: WaitResult): boolean {
  return view?.link.state !== 'live' || view.session?.connection.state !== 'LIVE';
}

/** Finds the failed targets that the condition is about. */
export function findFailed(report: WaitResult): TargetFields[] {
  return targetsOf(report).filter(
    (target) => target.phase === 'FAILED' && isSelected(target, report.condition),
  );
}

/** Why the cluster cannot be reached, if the wait failed because of that; otherwise null. */
export function findClusterFailure(report: WaitReport): string | null {
  const session = sessionOf(report);
  if (session === null || report.result !== 'failed' || typeof report.condition === 'object') return null;
  return clusterFailureOf(session);
}

/** Finds the targets that the condition still waits for. */
export function findAwaited(report: WaitResult): TargetFields[] {
  const { condition } = report;
  const targets = targetsOf(report);
  if (typeof condition === 'object') {
    return targets.filter((target) => isSelected(target, condition) && target.phase !== condition.phase);
  }
  const { failed, ...open } = findBlockers(targets, ({ phase }) => phase);
  const awaited = new Set(Object.values(open).flat());
  return targets.filter((target) => awaited.has(target));
}

/** Whether a condition is about a target. */
export function isSelected({ name }: TargetFields, condition: Condition): boolean {
  return typeof condition !== 'object' || condition.target === name;
}

/**
 * Describes the aim of a wait: `tilt-default/Tiltfile to be ready`, or `api:serve of tilt-default/Tiltfile
 * to be READY`.
 *
 * @param id id of the Session, if it is known
 */
export function describeAwaited(id: string | undefined, condition: Condition): string {
  const session = lineText(id ?? 'the Session');
  if (typeof condition !== 'object') return `${session} ${describeCondition(condition)}`;
  return `${lineText(condition.target)} of ${session} to be ${condition.phase}`;
}

/** Describes a condition without its Session, after `wait`: `to be ready`, `for api:serve to be READY`. */
export function describeCondition(condition: Condition): string {
  if (condition === 'ready') return 'to be ready';
  if (condition === 'done') return 'to be done';
  return `for ${lineText(condition.target)} to be ${condition.phase}`;
}

/** Whole error of a target, or its current activity. May have several lines. */
export function fullText(target: TargetFields): string {
  const { state } = target;
  return plainText(
    (state?.__typename === 'TargetStateTerminated' && state.error) || statusLine(target),
  ).trim();
}

/** Formats the run of a report as a suffix: `; run: /shop/Tiltfile, pid 4711`. Empty without a run. */
export function formatRunSuffix({ run, replacedRuns }: Pick<WaitReport, 'run' | 'replacedRuns'>): string {
  if (run === null) return '';
  const times = replacedRuns.length;
  const restarts =
    times === 0 ? '' : `, restarted ${times === 1 ? 'once' : `${times} times`} during the wait`;
  return `; run: ${lineText(describeRun(run))}${restarts}`;
}
