import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TargetFields } from '../../client/client.js';
import { codeOf } from '../../lib/errors.js';
import type { CliProcess } from '../cli-process.js';
import type { WaitFlags } from '../options/client.js';
import { elapsed, lineText, rankOf, withoutInlineCommands } from '../text.js';
import { UsageError } from '../usage-error.js';
import {
  describeCondition,
  findFailed,
  formatRunSuffix,
  headline,
  isStale,
  resultLines,
  sessionOf,
  targetsOf,
  type WaitReport,
} from './wait-report.js';

/** Writes the report of a wait. Files are written first: they exist when a reader sees the output. */
export async function writeReport(
  report: WaitReport,
  { junit, verbose }: WaitFlags['report'],
  { stdout, stderr, env }: Pick<CliProcess, 'stdout' | 'stderr' | 'env'>,
): Promise<void> {
  const isGitHub = env.GITHUB_ACTIONS === 'true';
  const summary = isGitHub ? env.GITHUB_STEP_SUMMARY : undefined;
  const errors = await Promise.all([
    junit === undefined ? null : writeJunit(junit, report),
    summary ? tryWrite(summary, stepSummary(report), 'a') : null,
  ]);
  for (const error of errors) if (error !== null) stderr.write(`tilt-graphql: ${error}\n`);
  const lines = [...resultLines(report, verbose), ...(isGitHub ? annotations(report) : [])];
  stdout.write(`${lines.join('\n')}\n`);
}

/** Loads the XML writer only when a JUnit report is requested. */
async function writeJunit(path: string, report: WaitReport): Promise<string | null> {
  const { junitReport } = await import('./junit.js');
  return tryWrite(path, junitReport(report));
}

/** Throws a {@link UsageError} for a file that cannot be written, before the wait starts. */
export async function checkWritable(option: string, path: string): Promise<void> {
  const existing = await stat(path).catch(() => null);
  if (existing?.isDirectory()) throw new UsageError(`${option} ${path}: expected a file, got a folder`);
  const checkedPath = existing ? path : dirname(path);
  try {
    await access(checkedPath, constants.W_OK);
  } catch (error) {
    throw new UsageError(`${option} ${path}: cannot write the file (${codeOf(error)})`);
  }
}

/** Writes a file. Resolves with one line about the error, or null. */
async function tryWrite(path: string, text: string, flag: 'w' | 'a' = 'w'): Promise<string | null> {
  try {
    await writeFile(path, text, { flag });
    return null;
  } catch (error) {
    return `cannot write ${path} (${codeOf(error)})`;
  }
}

/** GitHub shows ten annotations per step. */
const MAX_ANNOTATIONS = 10;
/** GitHub accepts summaries of up to 1 MiB. */
const MAX_ROWS = 200;
const MAX_CELL_LENGTH = 500;

/**
 * Formats workflow commands for GitHub Actions: an error for each failed target, or else one for the wait
 * itself.
 */
export function annotations(report: WaitReport): string[] {
  if (report.result === 'reached') return [];
  const failed =
    isStale(report) && report.result !== 'failed' ? [] : findFailed(report).slice(0, MAX_ANNOTATIONS);
  if (failed.length === 0)
    return [errorCommand(`wait ${describeCondition(report.condition)}`, report.reason)];
  return failed.map((target) => errorCommand(target.name, headline(target)));
}

/**
 * Formats the step summary in Markdown: result, run, and a table of the targets with the failed ones first.
 */
export function stepSummary(report: WaitReport): string {
  const { result, condition, reason, tookMs } = report;
  const rows = targetsOf(report).sort((a, b) => rankOf(a.phase) - rankOf(b.phase));
  const shown = rows.slice(0, MAX_ROWS);
  return [
    `### Tilt: ${WORDS[result]}`,
    '',
    `Waited ${elapsed(tookMs)} for ${cell(sessionOf(report)?.id ?? 'the Session')} ${cell(describeCondition(condition))}. ${cell(`${reason}${formatRunSuffix(report)}`)}`,
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
  unknown: 'unknown',
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

/** Escapes all punctuation; Markdown allows that. */
function cell(text: string): string {
  const line = lineText(text);
  const cut = line.length > MAX_CELL_LENGTH ? `${line.slice(0, MAX_CELL_LENGTH)}…` : line;
  return cut.replace(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function errorCommand(title: string, message: string): string {
  return withoutInlineCommands(
    `::error title=${escapeProperty(lineText(title))}::${escapeData(lineText(message))}`,
  );
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
