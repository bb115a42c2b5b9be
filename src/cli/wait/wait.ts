import { ClientError, createClient, type WaitOutcome } from '../../client/client.js';
import { type Clock, systemClock } from '../../lib/clock.js';
import type { CliProcess } from '../cli-process.js';
import { clientOptionsOf } from '../client-options.js';
import { EXIT } from '../exit-code.js';
import { type Interruption, listenForInterruption } from '../signals.js';
import { createProgressReporter } from './progress.js';
import type { WaitFlags } from './wait-options.js';
import type { WaitReport } from './wait-report.js';
import { checkWritable, writeReport } from './write-report.js';

/**
 * Waits for a Session or a target, reports the result, and resolves with the exit code: 0 reached, 1 failed, 2 a condition
 * that can never hold, 3 unknown, 124 timeout, 128 and its number for a signal. Reports are written in each of these cases, the
 * files first; one that cannot be written leaves the exit code as it is: whether the Session is good does not depend on it.
 */
export async function wait(flags: WaitFlags, cli: CliProcess): Promise<number> {
  const { junit } = flags.report;
  if (junit !== undefined) await checkWritable('--junit', junit);
  const clock = systemClock;
  const startedAt = clock.monotonic();
  const interruption = listenForInterruption(cli);
  const client = createClient(await clientOptionsOf(flags.client, cli.env));
  const progress = startProgress(flags, cli, clock);
  let last: LastView = { view: null, run: null, replacedRuns: [], reason: 'no gateway has answered yet' };
  try {
    const outcome = await client
      .waitFor({
        session: flags.client.session,
        run: flags.run,
        ...flags.condition,
        ...flags.patience,
        signal: interruption.signal,
        onView(view, how) {
          last = { view, ...how };
          progress.show(view, how);
        },
      })
      .catch((error: unknown) => failedOutcome(error, last, interruption));
    progress.end();
    const tookMs = clock.monotonic() - startedAt;
    const report = { ...outcome, condition: flags.condition.for, tookMs, now: clock.now() };
    await writeReport(report, flags.report, cli);
    if (outcome.result === 'interrupted') return interruption.exitCode ?? EXIT.unknown;
    return EXIT_CODES[outcome.result];
  } finally {
    progress.end();
    interruption.end();
    client.close();
  }
}

type LastView = Omit<WaitOutcome, 'result'>;

/** A gateway that rejects the request makes the result unknown, as one that does not answer. */
function failedOutcome(
  error: unknown,
  last: LastView,
  { exitCode }: Interruption,
): LastView & Pick<WaitReport, 'result'> {
  if (exitCode !== null) return { ...last, result: 'interrupted', reason: `interrupted; ${last.reason}` };
  if (error instanceof ClientError) return { ...last, result: 'unknown', reason: error.message };
  throw error;
}

const EXIT_CODES = {
  reached: EXIT.ok,
  failed: EXIT.failed,
  impossible: EXIT.usage,
  unknown: EXIT.unknown,
  timeout: EXIT.timeout,
} as const;

/** The columns of a line where no terminal sets them. */
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
