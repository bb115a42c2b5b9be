import type { TargetFields } from '../../client/client.js';
import { elapsed } from '../elapsed.js';
import { lineText, withoutLogCommands } from '../safe-text.js';
import {
  awaitedTargets,
  failedTargets,
  fullText,
  headline,
  inWords,
  isStale,
  runText,
  sessionOf,
  type WaitReport,
} from './wait-report.js';

/** How many targets are listed at most; a last line says how many more there are. */
const MAX_LISTED = 50;

/**
 * The result of a wait, for standard output: one line about the whole, and one for each target that decided it.
 *
 * @param isVerbose whether an error is shown with all its lines
 */
export function resultLines(report: WaitReport, isVerbose = false): string[] {
  return linesOf(report, isVerbose).map(withoutLogCommands);
}

function linesOf(report: WaitReport, isVerbose: boolean): string[] {
  const { result, reason, condition, tookMs } = report;
  if (result === 'unknown' || result === 'impossible') {
    return [`${result}: ${lineText(reason)}${runText(report)}`];
  }
  const who = lineText(sessionOf(report)?.id ?? 'the Session');
  const head = `${result}: waited ${elapsed(tookMs)} for ${who} ${inWords(condition)}`;
  if (result === 'reached') return [`${head}${countsOf(report)}${runText(report)}`];
  const lines = targetLines(report, isVerbose);
  return [`${head}${runText(report)}`, ...(lines.length > 0 ? lines : [`  ${lineText(reason)}`])];
}

function targetLines(report: WaitReport, isVerbose: boolean): string[] {
  if (report.result === 'failed') {
    return listed(failedTargets(report), (target) => [failureLine(target), ...detailOf(target, isVerbose)]);
  }
  return isStale(report) ? [] : listed(awaitedTargets(report), (target) => [awaitedLine(target, report.now)]);
}

function failureLine(target: TargetFields): string {
  return `${lineText(target.name)}: ${target.phase}: ${headline(target)}`;
}

/** An error of several lines, such as the traceback of a Tiltfile. */
function detailOf(target: TargetFields, isVerbose: boolean): string[] {
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

function listed(targets: readonly TargetFields[], linesOf: (target: TargetFields) => string[]): string[] {
  const lines = targets.slice(0, MAX_LISTED).flatMap((target) => linesOf(target).map((line) => `  ${line}`));
  const more = targets.length - MAX_LISTED;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}

function countsOf(report: WaitReport): string {
  const session = sessionOf(report);
  if (session === null) return '';
  const { total, ...phases } = session.counts;
  const parts = Object.entries(phases).flatMap(([phase, count]) => (count > 0 ? [`${count} ${phase}`] : []));
  return `: ${total} targets${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}
