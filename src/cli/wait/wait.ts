import { ClientError, createClient, type TargetsView, type WaitOutcome } from '../../client/client.js';
import { type Clock, systemClock } from '../../clock.js';
import type { CliProcess } from '../cli-process.js';
import { clientOptionsOf } from '../client-options.js';
import { elapsed } from '../elapsed.js';
import { EXIT } from '../exit-code.js';
import { listenForInterruption } from '../interruption.js';
import { inWords } from './condition.js';
import { annotations, stepSummary } from './github.js';
import { progressOf } from './progress.js';
import { checkWritable, writeOrSayWhyNot } from './report-file.js';
import { resultLines } from './result-lines.js';
import type { WaitFlags } from './wait-options.js';
import type { Waited } from './waited.js';

/**
 * Waits for a Session or a target, tells what came of it, and resolves with the exit code: 0 reached, 1 failed, 3 it
 * could not be found out, 124 the time was up, and what a shell gives for a signal. A report that cannot be written at
 * the end is said on standard error, and leaves the exit code as it is: whether the Session is good does not depend on it.
 */
export async function wait(flags: WaitFlags, cli: CliProcess): Promise<number> {
  if (flags.junit !== undefined) await checkWritable('--junit', flags.junit);
  const clock = systemClock;
  const startedAt = clock.now();
  const interruption = listenForInterruption(cli);
  const client = createClient(await clientOptionsOf(flags, cli.env));
  try {
    const outcome = await client
      .waitFor({
        ...(flags.session !== undefined && { session: flags.session }),
        for: flags.for,
        timeoutMs: flags.timeout,
        maxAgeMs: flags.maxAge,
        signal: interruption.signal,
        onView: progress(flags, cli, clock),
      })
      .catch(unknownOutcome);
    await report(waitedOf(outcome, flags, startedAt, clock.now()), flags, cli);
    return EXIT_CODES[outcome.result];
  } catch (error) {
    if (interruption.exitCode !== null) return interruption.exitCode;
    throw error;
  } finally {
    interruption.end();
    client.close();
  }
}

/** What a gateway refuses can be found out no more than what none answers. */
function unknownOutcome(error: unknown): WaitOutcome {
  if (error instanceof ClientError) return { result: 'unknown', reason: error.message, view: null };
  throw error;
}

const EXIT_CODES = {
  reached: EXIT.ok,
  failed: EXIT.failed,
  unknown: EXIT.unknown,
  timeout: EXIT.timeout,
} as const;

function waitedOf(
  { result, reason, view }: WaitOutcome,
  flags: WaitFlags,
  startedAt: number,
  now: number,
): Waited {
  return {
    condition: flags.for,
    result,
    reason,
    session: view?.session ?? null,
    targets: [...(view?.targets.values() ?? [])],
    isStale: view?.link.state !== 'live' || view.session?.connection.state !== 'LIVE',
    tookMs: now - startedAt,
    now,
  };
}

/** Tells what was not told before, on standard error, where somebody looks. */
function progress({ verbose, for: wanted }: WaitFlags, { stderr }: CliProcess, clock: Clock) {
  const startedAt = clock.now();
  let told = '';
  return (view: TargetsView): void => {
    if (!verbose && !stderr.isTTY) return;
    const line = progressOf(view);
    if (line === told) return;
    told = line;
    stderr.write(`${elapsed(clock.now() - startedAt)} waiting ${inWords(wanted)}: ${line}\n`);
  };
}

async function report(
  waited: Waited,
  { junit }: WaitFlags,
  { stdout, stderr, env }: CliProcess,
): Promise<void> {
  const isGitHub = env.GITHUB_ACTIONS === 'true';
  const lines = [...resultLines(waited), ...(isGitHub ? annotations(waited) : [])];
  stdout.write(`${lines.join('\n')}\n`);
  const files = [
    ...(junit === undefined ? [] : [writeReport(junit, waited)]),
    ...(isGitHub && env.GITHUB_STEP_SUMMARY
      ? [writeOrSayWhyNot(env.GITHUB_STEP_SUMMARY, stepSummary(waited), 'a')]
      : []),
  ];
  for (const trouble of await Promise.all(files)) {
    if (trouble !== null) stderr.write(`tilt-graphql: ${trouble}\n`);
  }
}

/** The writer of XML is loaded by those alone who ask for a report. */
async function writeReport(path: string, waited: Waited): Promise<string | null> {
  const { junitReport } = await import('./junit.js');
  return writeOrSayWhyNot(path, junitReport(waited));
}
