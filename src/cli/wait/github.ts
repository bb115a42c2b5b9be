import type { TargetFields } from '../../client/client.js';
import { elapsed } from '../elapsed.js';
import { rankOf } from '../phases.js';
import { sayingOf } from '../target-facts.js';
import { terminalText } from '../terminal-text.js';
import { inWords } from './condition.js';
import { failedOf, type Waited } from './waited.js';

/** GitHub shows ten annotations of a step. */
const MOST_ANNOTATIONS = 10;
/** A summary may be 1 MiB. */
const MOST_ROWS = 200;
const LONGEST_CELL = 500;

/** Workflow commands for GitHub Actions: an error for each target that failed, or else one for the wait itself. */
export function annotations(waited: Waited): string[] {
  if (waited.result === 'reached') return [];
  const failed = failedOf(waited).slice(0, MOST_ANNOTATIONS);
  if (failed.length === 0) return [errorCommand(`wait ${inWords(waited.condition)}`, waited.reason)];
  return failed.map((target) => errorCommand(target.name, sayingOf(target)));
}

/** A summary of a step in Markdown: the result, and a table of the targets, those that failed first. */
export function stepSummary(waited: Waited): string {
  const { session, targets, result, condition, reason, tookMs } = waited;
  const rows = [...targets].sort((a, b) => rankOf(a.phase) - rankOf(b.phase));
  const shown = rows.slice(0, MOST_ROWS);
  return [
    `### Tilt: ${WORDS[result]}`,
    '',
    `Waited ${elapsed(tookMs)} for ${cell(session?.id ?? 'the Session')} ${cell(inWords(condition))}. ${cell(reason)}`,
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
} as const;

function timeOf({ durationSeconds, secondsToReady }: TargetFields): string {
  const seconds = durationSeconds ?? secondsToReady;
  return seconds === null ? '' : elapsed(seconds * 1_000);
}

function noteOf(target: TargetFields): string {
  return target.phase === 'READY' || target.phase === 'SUCCEEDED' ? '' : cell(sayingOf(target));
}

/** Every sign that Markdown may take for its own is escaped; it allows that of any. */
function cell(text: string): string {
  const line = terminalText(text);
  const cut = line.length > LONGEST_CELL ? `${line.slice(0, LONGEST_CELL)}…` : line;
  return cut.replace(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function errorCommand(title: string, message: string): string {
  return `::error title=${property(terminalText(title))}::${data(terminalText(message))}`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
