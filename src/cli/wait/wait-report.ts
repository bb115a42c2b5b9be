import {
  type Condition,
  describeRun,
  type SessionFields,
  type TargetFields,
  type WaitOutcome,
} from '../../client/client.js';
import { findBlockers } from '../../model/phase.js';
import { plainText } from '../../model/plain-text.js';
import { elapsed, lineText, statusLine, withoutLogCommands } from '../text.js';

/** Outcome of a wait with the data that its reports show. */
export interface WaitReport extends Omit<WaitOutcome, 'result'> {
  /** `interrupted`: a signal ended the wait. */
  readonly result: WaitOutcome['result'] | 'interrupted';
  readonly condition: Condition;
  /** Duration of the wait in milliseconds. */
  readonly tookMs: number;
  /** End of the wait in milliseconds since 1970. */
  readonly now: number;
}

/** Session of the wait; null when the gateway never reported it. */
export function sessionOf({ view }: WaitReport): SessionFields | null {
  return view?.session ?? null;
}

/** Last known states of the targets, in Tilt's order. */
export function targetsOf({ view }: WaitReport): TargetFields[] {
  return [...(view?.targets.values() ?? [])];
}

/** Whether the target states may be out of date: a connection was lost, or they belong to another run. */
export function isStale({ view }: WaitReport): boolean {
  return view?.link.state !== 'live' || view.session?.connection.state !== 'LIVE';
}

/** Finds the failed targets that the condition is about. */
export function findFailed(report: WaitReport): TargetFields[] {
  return targetsOf(report).filter(
    (target) => target.phase === 'FAILED' && isSelected(target, report.condition),
  );
}

/** Finds the targets that the condition still waits for. */
export function findAwaited(report: WaitReport): TargetFields[] {
  const { condition } = report;
  const targets = targetsOf(report);
  if (typeof condition === 'object') {
    return targets.filter((target) => isSelected(target, condition) && target.phase !== condition.phase);
  }
  const { failed, ...open } = findBlockers(targets, ({ phase }) => phase);
  const awaited = new Set(Object.values(open).flat());
  return targets.filter((target) => awaited.has(target));
}

function isSelected({ name }: TargetFields, condition: Condition): boolean {
  return typeof condition !== 'object' || condition.target === name;
}

/** Describes a condition after the id of a Session: `to be ready`. */
export function describeCondition(condition: Condition): string {
  if (condition === 'ready') return 'to be ready';
  if (condition === 'done') return 'to be done';
  return `for ${lineText(condition.target)} to be ${condition.phase}`;
}

/** Headline of a target's error, or its current activity, in one line. */
export function headline(target: TargetFields): string {
  return lineText(statusLine(target));
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

/** Maximum number of targets in a list. A last line has the number of the others. */
const MAX_LISTED = 50;

/**
 * Formats the result of a wait for standard output: a summary line, and a line for each target that decided
 * the result.
 *
 * @param isVerbose whether errors are printed in full
 */
export function resultLines(report: WaitReport, isVerbose = false): string[] {
  return formatLines(report, isVerbose).map(withoutLogCommands);
}

function formatLines(report: WaitReport, isVerbose: boolean): string[] {
  const { result, reason, condition, tookMs } = report;
  if (result === 'unknown' || result === 'impossible') {
    return [`${result}: ${lineText(reason)}${formatRunSuffix(report)}`];
  }
  const session = lineText(sessionOf(report)?.id ?? 'the Session');
  const head = `${result}: waited ${elapsed(tookMs)} for ${session} ${describeCondition(condition)}`;
  if (result === 'reached') return [`${head}${formatCounts(report)}${formatRunSuffix(report)}`];
  const lines = targetLines(report, isVerbose);
  return [`${head}${formatRunSuffix(report)}`, ...(lines.length > 0 ? lines : [`  ${lineText(reason)}`])];
}

function targetLines(report: WaitReport, isVerbose: boolean): string[] {
  if (report.result === 'failed') {
    return formatList(findFailed(report), (target) => [
      failureLine(target),
      ...errorLines(target, isVerbose),
    ]);
  }
  return isStale(report)
    ? []
    : formatList(findAwaited(report), (target) => [awaitedLine(target, report.now)]);
}

function failureLine(target: TargetFields): string {
  return `${lineText(target.name)}: ${target.phase}: ${headline(target)}`;
}

/** Lines of a multi-line error, such as the traceback of a Tiltfile. */
function errorLines(target: TargetFields, isVerbose: boolean): string[] {
  const lines = isVerbose ? fullText(target).split('\n') : [];
  return lines.length > 1 ? lines.map((line) => `  ${line}`) : [];
}

function awaitedLine(target: TargetFields, now: number): string {
  const since = Date.parse(target.since);
  const age = Number.isNaN(since)
    ? ''
    : ` for ${elapsed(now - since)}, since ${new Date(since).toISOString()}`;
  return `${lineText(target.name)}: ${target.phase}${age}: ${headline(target)}`;
}

function formatList(targets: readonly TargetFields[], linesOf: (target: TargetFields) => string[]): string[] {
  const lines = targets.slice(0, MAX_LISTED).flatMap((target) => linesOf(target).map((line) => `  ${line}`));
  const more = targets.length - MAX_LISTED;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}

function formatCounts(report: WaitReport): string {
  const session = sessionOf(report);
  if (session === null) return '';
  const { total, ...phases } = session.counts;
  const parts = Object.entries(phases).flatMap(([phase, count]) => (count > 0 ? [`${count} ${phase}`] : []));
  return `: ${total} targets${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}
