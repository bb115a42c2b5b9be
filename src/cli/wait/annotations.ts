import { targetKey } from '../../client/changes.js';
import type { TargetFields } from '../../client/client.js';
import { findLastLine } from '../last-line.js';
import { lineText, withoutInlineCommands } from '../text.js';
import { describeTarget, findCauses, formatTargetHelp, formatTriggers } from './explanation.js';
import {
  describeCondition,
  findClusterFailure,
  findFailed,
  isStale,
  type WaitReport,
} from './wait-report.js';

/** GitHub shows ten annotations of each kind per step. */
const MAX_ANNOTATIONS = 10;

/**
 * Formats workflow commands for GitHub Actions: an error for each failed target, with the last line of its
 * log if it is a root cause, or else one for the wait itself, and a notice that names the resources that wait
 * for a trigger.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function annotations(report: WaitReport): string[] {
  const triggers = formatTriggers(report);
  return [
    ...(report.result === 'reached' ? [] : errors(report)),
    ...(triggers === null
      ? []
      : [command('notice', `wait ${describeCondition(report.condition)}`, triggers)]),
  ];
}

function errors(report: WaitReport): string[] {
  const failed = hasDecidingTargets(report) ? findFailed(report) : [];
  if (failed.length === 0) {
    const [cause] = findCauses(report);
    const help = cause === undefined ? [] : hints(cause, report);
    return [command('error', `wait ${describeCondition(report.condition)}`, report.reason, ...help)];
  }
  return failed
    .slice(0, MAX_ANNOTATIONS)
    .map((target) => command('error', target.name, describeTarget(target, report), ...hints(target, report)));
}

/** Whether the states of the targets are the reason of the result, rather than a cluster or a connection. */
function hasDecidingTargets(report: WaitReport): boolean {
  const { result } = report;
  if (result === 'failed') return findClusterFailure(report) === null;
  return (result === 'timeout' || result === 'interrupted') && !isStale(report);
}

/** The last line of a target's log, and where to look further. */
function hints(target: TargetFields, report: WaitReport): string[] {
  return [findLastLine(report.excerpts.get(targetKey(target))), ...formatTargetHelp(target, report)].filter(
    (line) => line !== null,
  );
}

function command(kind: 'error' | 'notice', title: string, ...lines: readonly string[]): string {
  const message = lines.map((line) => escapeData(lineText(line))).join('; ');
  return withoutInlineCommands(`::${kind} title=${escapeProperty(lineText(title))}::${message}`);
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
