import { access, constants, open, realpath, stat, unlink, writeFile } from 'node:fs/promises';
import { codeOf } from '../../lib/errors.js';
import type { CliProcess } from '../cli-process.js';
import type { WaitFlags } from '../options/client.js';
import { createOutput, type OutputStream } from '../output.js';
import { UsageError } from '../usage-error.js';
import { annotations } from './annotations.js';
import { resultLines } from './result-lines.js';
import type { WaitReport } from './wait-report.js';

/** A file of a report. */
export interface ReportFile {
  readonly path: string;
  readonly flag: 'w' | 'a';
  readonly format: (report: WaitReport) => string;
}

/**
 * Loads the writers of the files that a report needs: XML with `--junit`, Markdown in GitHub Actions. Before
 * the wait: during a long one the program may be updated or removed.
 */
export async function loadReportFiles(
  { junit }: WaitFlags['report'],
  env: CliProcess['env'],
): Promise<readonly ReportFile[]> {
  const files: ReportFile[] = [];
  if (junit !== undefined) {
    const { junitReport } = await import('./junit.js');
    files.push({ path: junit, flag: 'w', format: junitReport });
  }
  if (isGitHub(env) && env.GITHUB_STEP_SUMMARY) {
    const { stepSummary } = await import('./step-summary.js');
    files.push({ path: env.GITHUB_STEP_SUMMARY, flag: 'a', format: stepSummary });
  }
  return files;
}

function isGitHub({ GITHUB_ACTIONS }: CliProcess['env']): boolean {
  return GITHUB_ACTIONS === 'true';
}

/**
 * Writes the report of a wait. Files are written first: they exist when a reader sees the output. Waits for a
 * slow reader of the output until a signal arrives. An output that is closed or full is ignored.
 *
 * @param interrupted aborts at a signal; the report of an interrupted wait is printed without waiting
 */
export async function writeReport(
  report: WaitReport,
  files: readonly ReportFile[],
  { verbose }: WaitFlags['report'],
  { stdout, stderr, env }: Pick<CliProcess, 'stderr' | 'env'> & { readonly stdout: OutputStream },
  interrupted: AbortSignal,
): Promise<void> {
  const errors = await Promise.all(files.map((file) => tryWrite(file, report)));
  for (const error of errors) if (error !== null) stderr.write(`tilt-graphql: ${error}\n`);
  const lines = [...resultLines(report, verbose), ...(isGitHub(env) ? annotations(report) : [])];
  await print(`${lines.join('\n')}\n`, stdout, interrupted);
}

async function print(text: string, stdout: OutputStream, interrupted: AbortSignal): Promise<void> {
  const output = createOutput(stdout, interrupted);
  if (interrupted.aborted) stdout.write(text);
  else await output.write(text).catch(() => {});
  output.end();
}

/**
 * Throws a {@link UsageError} for a file that cannot be created or written, before the wait starts. Keeps the
 * content of an existing file, and leaves no new one.
 */
export async function checkWritable(option: string, path: string): Promise<void> {
  const existing = await stat(path).catch(() => null);
  if (existing?.isDirectory()) throw new UsageError(`${option} ${path}: expected a file, got a folder`);
  try {
    // Opening a named pipe would wait for its reader.
    if (existing && !existing.isFile()) await access(path, constants.W_OK);
    else await (await open(path, 'a')).close();
  } catch (error) {
    throw new UsageError(`${option} ${path}: cannot write the file (${codeOf(error)})`);
  }
  if (existing === null) await removeNewFile(path);
}

/** Removes a file that was just created, also through a symbolic link. An empty file does no harm. */
async function removeNewFile(path: string): Promise<void> {
  await realpath(path)
    .then(unlink)
    .catch(() => {});
}

/** Formats a report and writes it. Resolves with one line about the error, or null. */
async function tryWrite({ path, flag, format }: ReportFile, report: WaitReport): Promise<string | null> {
  try {
    await writeFile(path, format(report), { flag });
    return null;
  } catch (error) {
    return `cannot write ${path} (${codeOf(error)})`;
  }
}
