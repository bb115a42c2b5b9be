import type { TargetFields } from '../../client/client.js';
import { shorten } from '../../model/plain-text.js';
import { elapsed, lineText, rankOf } from '../text.js';
import { formatExcerpt } from './excerpt-lines.js';
import { describeTarget, findCauses, formatHelp, formatTriggers } from './explanation.js';
import { formatGantt } from './gantt.js';
import { describeAwaited, formatRunSuffix, sessionOf, targetsOf, type WaitReport } from './wait-report.js';

/** GitHub accepts summaries of up to 1 MiB. */
const MAX_ROWS = 200;
const MAX_CELL_LENGTH = 500;

/**
 * Formats the step summary of GitHub Actions in Markdown: result, run, a table of the targets with the failed
 * ones first, where to look further, and a chart of the run.
 */
export function stepSummary(report: WaitReport): string {
  const { result, condition, reason, tookMs } = report;
  const rows = targetsOf(report).sort((a, b) => rankOf(a.phase) - rankOf(b.phase));
  const shown = rows.slice(0, MAX_ROWS);
  return [
    `### Tilt: ${WORDS[result]}`,
    '',
    `Waited ${elapsed(tookMs)} for ${cell(describeAwaited(sessionOf(report)?.id, condition))}. ${cell(`${reason}${formatRunSuffix(report)}`)}`,
    '',
    ...(rows.length === 0 ? [] : ['| target | phase | time | |', '| --- | --- | --- | --- |']),
    ...shown.map(
      (target) =>
        `| ${cell(target.name)} | ${target.phase} | ${timeOf(target)} | ${noteOf(target, report)} |`,
    ),
    ...(rows.length > shown.length ? ['', `and ${rows.length - shown.length} more`] : []),
    ...findCauses(report).flatMap((cause) => excerptLines(cause, report)),
    ...paragraphs(formatHelp(report)),
    ...paragraphs([formatTriggers(report)].filter((line) => line !== null)),
    ...ganttLines(report),
    '',
  ].join('\n');
}

const WORDS = {
  reached: 'reached',
  failed: 'failed',
  timeout: 'timed out',
  unknown: 'unknown',
  impossible: 'cannot be reached',
  interrupted: 'interrupted',
} as const;

function timeOf({ durationSeconds, secondsToReady }: TargetFields): string {
  const seconds = durationSeconds ?? secondsToReady;
  return seconds === null ? '' : elapsed(seconds * 1_000);
}

function noteOf(target: TargetFields, report: WaitReport): string {
  const isDone = target.phase === 'READY' || target.phase === 'SUCCEEDED';
  return isDone ? '' : cell(describeTarget(target, report));
}

/** A paragraph for each line. */
function paragraphs(lines: readonly string[]): string[] {
  return lines.flatMap((line) => ['', cell(line)]);
}

/** The last lines of a log, folded, in a block of code: nothing in them is Markdown or HTML. */
function excerptLines(cause: TargetFields, report: WaitReport): string[] {
  const lines = formatExcerpt(cause, report);
  if (lines.length === 0) return [];
  const runs = lines.flatMap((line) => line.match(/`+/g) ?? []);
  const fence = '`'.repeat(Math.max(2, ...runs.map(({ length }) => length)) + 1);
  const title = `last lines of ${escapeHtml(shorten(lineText(cause.name), MAX_CELL_LENGTH))}`;
  return ['', `<details><summary>${title}</summary>`, '', `${fence}text`, ...lines, fence, '', '</details>'];
}

function escapeHtml(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A chart of the run. GitHub draws it; elsewhere it is a block of code. */
function ganttLines(report: WaitReport): string[] {
  const chart = formatGantt(report);
  if (chart === null) return [];
  const { lines, shown, total } = chart;
  const note = shown < total ? ['', `The chart shows ${shown} of ${total} targets.`] : [];
  return ['', '```mermaid', ...lines, '```', ...note];
}

/** Escapes all punctuation; Markdown allows that. */
function cell(text: string): string {
  return shorten(lineText(text), MAX_CELL_LENGTH).replace(/[!-/:-@[-`{-~]/g, '\\$&');
}
