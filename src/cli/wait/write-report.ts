import type { CliProcess } from '../cli-process.js';
import { annotations, stepSummary } from './github.js';
import { writeOrSayWhyNot } from './report-file.js';
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
