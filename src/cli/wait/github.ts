import type { TargetFields } from '../../client/client.js';
import { elapsed } from '../elapsed.js';
import { lineText, withoutInlineCommands } from '../safe-text.js';
import { rankOf } from '../target-facts.js';
import {
  failedTargets,
  headline,
  inWords,
  isStale,
  runText,
  sessionOf,
  targetsOf,
  type WaitReport,
} from './wait-report.js';

/** GitHub shows ten annotations of a step. */
const MAX_ANNOTATIONS = 10;
/** A summary may be 1 MiB. */
const MAX_ROWS = 200;
const MAX_CELL_LENGTH = 500;

/** Workflow commands for GitHub Actions: an error for each target that failed, or else one for the wait itself. */
export function annotations(report: WaitReport): string[] {
  if (report.result === 'reached') return [];
  const failed =
    isStale(report) && report.result !== 'failed' ? [] : failedTargets(report).slice(0, MAX_ANNOTATIONS);
  if (failed.length === 0) return [errorCommand(`wait ${inWords(report.condition)}`, report.reason)];
  return failed.map((target) => errorCommand(target.name, headline(target)));
}

/** A summary of a step in Markdown: the result, the run, and a table of the targets, those that failed first. */
export function stepSummary(report: WaitReport): string {
  const { result, condition, reason, tookMs } = report;
  const rows = targetsOf(report).sort((a, b) => rankOf(a.phase) - rankOf(b.phase));
  const shown = rows.slice(0, MAX_ROWS);
  return [
    `### Tilt: ${WORDS[result]}`,
    '',
    `Waited ${elapsed(tookMs)} for ${cell(sessionOf(report)?.id ?? 'the Session')} ${cell(inWords(condition))}. ${cell(`${reason}${runText(report)}`)}`,
    '',
    ...(rows.length === 0 ? [] : ['| target | phase | time | |', '| --- | --- | --- | --- |']),
    ...shown.map(
      (target) => `| ${cell(target.name)} | ${target.phase} | ${timeOf(target)} | ${noteOf(target)} |`,
    ),
    ...(rows.length > shown.length ? ['', `and ${rows.length - shown.length} more`] : []),
    '',
  ].join('\n');
}

const WORDS = {
  reached: 'reached',
  failed: 'failed',
  timeout: 'timed out',
  unknown: 'could not find out',
  impossible: 'cannot be reached',
  interrupted: 'interrupted',
} as const;

function timeOf({ durationSeconds, secondsToReady }: TargetFields): string {
  const seconds = durationSeconds ?? secondsToReady;
  return seconds === null ? '' : elapsed(seconds * 1_000);
}

function noteOf(target: TargetFields): string {
  return target.phase === 'READY' || target.phase === 'SUCCEEDED' ? '' : cell(headline(target));
}

/** Escapes all punctuation, which Markdown allows. */
function cell(text: string): string {
  const line = lineText(text);
  const cut = line.length > MAX_CELL_LENGTH ? `${line.slice(0, MAX_CELL_LENGTH)}…` : line;
  return cut.replace(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function errorCommand(title: string, message: string): string {
  return withoutInlineCommands(`::error title=${property(lineText(title))}::${data(lineText(message))}`);
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
