import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../../lib/errors.js';
import type { CliProcess } from '../cli-process.js';
import type { WaitFlags } from '../options/client.js';
import { UsageError } from '../usage-error.js';
import { annotations } from './annotations.js';
import { resultLines } from './result-lines.js';
import type { WaitReport } from './wait-report.js';

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
    summary ? writeStepSummary(summary, report) : null,
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

/** Loads the Markdown writer only in GitHub Actions. */
async function writeStepSummary(path: string, report: WaitReport): Promise<string | null> {
  const { stepSummary } = await import('./step-summary.js');
  return tryWrite(path, stepSummary(report), 'a');
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
