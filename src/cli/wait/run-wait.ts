import {
  type Client,
  ClientError,
  createClient,
  type ResourceFields,
  type WaitOutcome,
} from '../../client/client.js';
import { type Excerpts, readExcerpts } from '../../client/excerpts.js';
import { type Clock, systemClock } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { type CliProcess, handleCrashes, type Interruption, listenForInterruption } from '../cli-process.js';
import { EXIT, toClientOptions } from '../gateway-client.js';
import type { WaitFlags } from '../options/client.js';
import { findCauses } from './explanation.js';
import { createProgressReporter } from './progress.js';
import type { WaitReport, WaitResult } from './wait-report.js';
import { checkWritable, loadReportFiles, writeReport } from './write-report.js';

/**
 * Waits for a condition, reports the result, and resolves with the exit code: 0 reached, 1 failed, 2
 * impossible condition, 3 unknown, 124 timeout, 128 plus the number of a signal. Every result is reported;
 * files are written first. A report that cannot be written does not change the exit code, which describes
 * the Session alone. An unexpected error, also an uncaught one, makes the result unknown.
 */
export async function runWait(flags: WaitFlags, cli: CliProcess): Promise<number> {
  const { junit } = flags.report;
  if (junit !== undefined) await checkWritable('--junit', junit);
  const files = await loadReportFiles(flags.report, cli.env);
  const clock = systemClock;
  const startedAt = clock.monotonic();
  const interruption = listenForInterruption(cli);
  const client = createClient(await toClientOptions(flags.client, cli.env));
  const crashes = handleCrashes(cli);
  const progress = startProgress(flags, cli, clock);
  let last: LastView = { view: null, run: null, replacedRuns: [], reason: 'no gateway has answered yet' };
  try {
    const wait = client.waitFor({
      session: flags.client.session,
      run: flags.run,
      ...flags.condition,
      ...flags.timeLimits,
      signal: interruption.signal,
      onView(view, details) {
        last = { view, ...details };
        progress.show(view, details);
      },
    });
    const outcome = await Promise.race([wait, crashes.crash]).catch((error: unknown) =>
      toOutcome(error, last, interruption),
    );
    progress.end();
    const tookMs = clock.monotonic() - startedAt;
    const now = clock.now();
    const ended = { ...outcome, condition: flags.condition.for, tookMs, now };
    const [resources, excerpts] = await Promise.all([
      queryResources(client, outcome, cli.env, clock),
      queryExcerpts(client, ended, clock),
    ]);
    const report = { ...ended, resources, excerpts };
    await writeReport(report, files, flags.report, cli, interruption.signal);
    if (outcome.result === 'interrupted') return interruption.exitCode ?? EXIT.unknown;
    return EXIT_CODES[outcome.result];
  } finally {
    progress.end();
    interruption.end();
    crashes.end();
    client.close();
  }
}

type LastView = Omit<WaitOutcome, 'result'>;

/**
 * Turns an error into a result: `interrupted` after a signal; otherwise `unknown`, because it says nothing
 * about the Session.
 */
function toOutcome(
  error: unknown,
  last: LastView,
  { exitCode }: Interruption,
): LastView & Pick<WaitResult, 'result'> {
  if (exitCode !== null) return { ...last, result: 'interrupted', reason: `interrupted; ${last.reason}` };
  const reason = error instanceof ClientError ? error.message : `unexpected error: ${messageOf(error)}`;
  return { ...last, result: 'unknown', reason };
}

/** Time limit of the query, in milliseconds. It delays the report; the result is already known. */
const RESOURCES_TIMEOUT_MS = 5_000;

/**
 * Queries the resources for the report of a wait. Null if the report does not need them, or if the gateway is
 * unreachable or does not answer within five seconds. Never rejects.
 */
export async function queryResources(
  client: Pick<Client, 'resources'>,
  outcome: Pick<WaitOutcome, 'view'> & Pick<WaitReport, 'result'>,
  env: CliProcess['env'],
  clock: Clock,
): Promise<readonly ResourceFields[] | null> {
  const { view, result } = outcome;
  if (view?.session == null || view.link.state !== 'live') return null;
  const showsResources = result !== 'reached' || view.session.verdict.untriggered.length > 0;
  if (!showsResources && !env.GITHUB_STEP_SUMMARY) return null;
  const controller = new AbortController();
  const cancel = clock.after(RESOURCES_TIMEOUT_MS, () => controller.abort());
  try {
    return await client.resources({ session: view.session.id, signal: controller.signal });
  } catch {
    return null;
  } finally {
    cancel();
  }
}

/** Reads the ends of the logs of the root causes. Empty if they are not known. Never rejects. */
async function queryExcerpts(client: Client, result: WaitResult, clock: Clock): Promise<Excerpts> {
  const { view } = result;
  if (view?.session == null || view.link.state !== 'live') return new Map();
  return readExcerpts(client, { session: view.session.id, targets: findCauses(result), clock });
}

const EXIT_CODES = {
  reached: EXIT.ok,
  failed: EXIT.failed,
  impossible: EXIT.usage,
  unknown: EXIT.unknown,
  timeout: EXIT.timeout,
} as const;

/** Width of progress lines without a terminal, in columns. */
const LOG_COLUMNS = 200;

function startProgress(
  { client: { session }, condition: { for: condition }, report: { verbose } }: WaitFlags,
  { stderr }: CliProcess,
  clock: Clock,
) {
  const columns = stderr.isTTY ? stderr.columns || 80 : LOG_COLUMNS;
  const write = (text: string) => void stderr.write(text);
  return createProgressReporter({ session, condition, isVerbose: verbose, columns, clock, write });
}
