import type { TargetFields } from '../../client/client.js';
import { elapsed, lineText, withoutLogCommands } from '../text.js';
import { type ExcerptLimits, formatExcerpt } from './excerpt-lines.js';
import { describeTarget, findBlocked, findCause, formatHelp, formatTriggers } from './explanation.js';
import {
  describeAwaited,
  findAwaited,
  findClusterFailure,
  findFailed,
  formatRunSuffix,
  fullText,
  isStale,
  sessionOf,
  type WaitReport,
} from './wait-report.js';

/** Maximum number of targets in a list. A last line has the number of the others. */
const MAX_LISTED = 50;
/** Maximum number of targets that wait for a failed one. */
const MAX_BLOCKED = 10;
/** Limits of the excerpt of a log, unless everything is printed. */
const EXCERPT: ExcerptLimits = { lines: 10, lineLength: 500 };

/**
 * Formats the result of a wait for standard output: a summary line, a line for each target that decided the
 * result with the last lines of the log of its root cause, where to look further, and the resources that wait
 * for a trigger.
 *
 * @param isVerbose whether errors and excerpts of logs are printed in full
 */
export function resultLines(report: WaitReport, isVerbose = false): string[] {
  return formatLines(report, isVerbose).map(withoutLogCommands);
}

function formatLines(report: WaitReport, isVerbose: boolean): string[] {
  const { result, reason, condition, tookMs } = report;
  if (result === 'unknown' || result === 'impossible') {
    return [`${result}: ${lineText(reason)}${formatRunSuffix(report)}`];
  }
  const awaited = describeAwaited(sessionOf(report)?.id, condition);
  const head = `${result}: waited ${elapsed(tookMs)} for ${awaited}`;
  const triggers = formatTriggers(report);
  const last = triggers === null ? [] : [`  ${triggers}`];
  if (result === 'reached') return [`${head}${formatCounts(report)}${formatRunSuffix(report)}`, ...last];
  const lines = targetLines(report, isVerbose);
  return [
    `${head}${formatRunSuffix(report)}`,
    ...(lines.length > 0 ? lines : [`  ${lineText(reason)}`]),
    ...formatHelp(report).map((line) => `  ${line}`),
    ...last,
  ];
}

function targetLines(report: WaitReport, isVerbose: boolean): string[] {
  const excerptLines = createExcerptLines(report, isVerbose);
  if (report.result === 'failed') {
    const cluster = findClusterFailure(report);
    const failed = formatList(findFailed(report), MAX_LISTED, (target) => [
      stateLine(target, report),
      ...errorLines(target, isVerbose),
      ...excerptLines(target),
    ]);
    const blocked = formatList(findBlocked(report), MAX_BLOCKED, (target) => [
      stateLine(target, report),
      ...excerptLines(target),
    ]);
    return [...(cluster === null ? [] : [`  ${lineText(cluster)}`]), ...failed, ...blocked];
  }
  if (isStale(report)) return [];
  return formatList(findAwaited(report), MAX_LISTED, (target) => [
    awaitedLine(target, report),
    ...excerptLines(target),
  ]);
}

/**
 * Creates a function that returns the lines of the excerpt of a target's root cause, with the first target
 * that has this cause.
 */
function createExcerptLines(report: WaitReport, isVerbose: boolean): (target: TargetFields) => string[] {
  const printed = new Set<TargetFields>();
  return (target) => {
    const cause = findCause(target, report);
    if (printed.has(cause)) return [];
    printed.add(cause);
    return formatExcerpt(cause, report, isVerbose ? undefined : EXCERPT).map((line) =>
      `  | ${line}`.trimEnd(),
    );
  };
}

function stateLine(target: TargetFields, report: WaitReport): string {
  return `${lineText(target.name)}: ${target.phase}: ${describeTarget(target, report)}`;
}

/** Lines of a multi-line error, such as the traceback of a Tiltfile. */
function errorLines(target: TargetFields, isVerbose: boolean): string[] {
  const lines = isVerbose ? fullText(target).split('\n') : [];
  return lines.length > 1 ? lines.map((line) => `  ${line}`) : [];
}

function awaitedLine(target: TargetFields, report: WaitReport): string {
  const since = Date.parse(target.since);
  const age = Number.isNaN(since)
    ? ''
    : ` for ${elapsed(report.now - since)}, since ${new Date(since).toISOString()}`;
  return `${lineText(target.name)}: ${target.phase}${age}: ${describeTarget(target, report)}`;
}

function formatList(
  targets: readonly TargetFields[],
  limit: number,
  linesOf: (target: TargetFields) => string[],
): string[] {
  const lines = targets.slice(0, limit).flatMap((target) => linesOf(target).map((line) => `  ${line}`));
  const more = targets.length - limit;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}

function formatCounts(report: WaitReport): string {
  const session = sessionOf(report);
  if (session === null) return '';
  const { total, ...phases } = session.counts;
  const parts = Object.entries(phases).flatMap(([phase, count]) => (count > 0 ? [`${count} ${phase}`] : []));
  return `: ${total} targets${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}
