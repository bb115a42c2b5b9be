import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf } from '../../lib/errors.js';
import type { CliProcess } from '../cli-process.js';
import { UsageError } from '../usage-error.js';
import { annotations, stepSummary } from './github.js';
import { resultLines } from './result-lines.js';
import type { WaitFlags } from './wait-options.js';
import type { WaitReport } from './wait-report.js';

/** Writes the report of a wait everywhere it is wanted: files first, so that they are there whatever reads the output. */
export async function writeReport(
  report: WaitReport,
  { junit, verbose }: WaitFlags['report'],
  { stdout, stderr, env }: Pick<CliProcess, 'stdout' | 'stderr' | 'env'>,
): Promise<void> {
  const isGitHub = env.GITHUB_ACTIONS === 'true';
  const summary = isGitHub ? env.GITHUB_STEP_SUMMARY : undefined;
  const troubles = await Promise.all([
    junit === undefined ? null : writeJunit(junit, report),
    summary ? writeOrSayWhyNot(summary, stepSummary(report), 'a') : null,
  ]);
  for (const trouble of troubles) if (trouble !== null) stderr.write(`tilt-graphql: ${trouble}\n`);
  const lines = [...resultLines(report, verbose), ...(isGitHub ? annotations(report) : [])];
  stdout.write(`${lines.join('\n')}\n`);
}

/** The XML writer is loaded only where a report is asked for. */
async function writeJunit(path: string, report: WaitReport): Promise<string | null> {
  const { junitReport } = await import('./junit.js');
  return writeOrSayWhyNot(path, junitReport(report));
}

/** Throws a UsageError for a file that could not be written, before anything is waited for. */
export async function checkWritable(option: string, path: string): Promise<void> {
  const isThere = await stat(path).catch(() => null);
  if (isThere?.isDirectory()) throw new UsageError(`${option} ${path}: expected a file, got a folder`);
  const place = isThere ? path : dirname(path);
  try {
    await access(place, constants.W_OK);
  } catch (error) {
    throw new UsageError(`${option} ${path}: it cannot be written (${codeOf(error)})`);
  }
}

/** Writes a file; says why not, in one line, or null when it is written. */
async function writeOrSayWhyNot(path: string, text: string, flag: 'w' | 'a' = 'w'): Promise<string | null> {
  try {
    await writeFile(path, text, { flag });
    return null;
  } catch (error) {
    return `${path} could not be written (${codeOf(error)})`;
  }
}
