import { createGoals, createPlan, readOptions, USAGE } from './options.js';
import { formatProgress, formatResult } from './report.js';
import { runSoak } from './soak.js';
import { findFailures } from './verdict.js';

const MINUTE = 60_000;

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);

/** Returns the exit code: 0, 1 if the gateway failed, 130 if the run was interrupted. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, Date.now() % 2 ** 32);
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  console.log(`soak: ${options.minutes} min, --seed ${options.seed}`);
  const signal = stopSignal();
  let reportedMs = 0;
  let reportedReasons = 0;
  try {
    const result = await runSoak(createPlan(options), signal, async (counts, glance) => {
      // At once, for a run that is interrupted or cannot end.
      for (const reason of counts.firstMismatches.slice(reportedReasons)) console.log(reason);
      reportedReasons = counts.firstMismatches.length;
      if (counts.ms < reportedMs + MINUTE) return;
      reportedMs = counts.ms - (counts.ms % MINUTE);
      console.log(formatProgress(counts, await glance()));
    });
    const failures = findFailures(result, createGoals(options));
    console.log(
      `\n${formatResult(result)}\n\n${[failures.length === 0 ? 'PASS' : 'FAIL', ...failures].join('\n')}`,
    );
    return failures.length === 0 ? 0 : 1;
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  }
}

/** Aborts on SIGINT and SIGTERM. That kills the child processes, so all pending calls reject. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
  return stop.signal;
}
