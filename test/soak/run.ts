import { goalsOf, planOf, readOptions, USAGE } from './options.js';
import { lineOf, tableOf } from './report.js';
import { runSoak } from './soak.js';
import { failuresOf } from './verdict.js';

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

/** Gives the exit code: 0, 1 when something is wrong with the gateway, 130 when it was stopped. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, Date.now() % 2 ** 32);
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  console.log(`soak: ${options.minutes} min, --seed ${options.seed}`);
  const signal = stopSignal();
  let told = 0;
  try {
    const result = await runSoak(planOf(options), signal, async (counts, glance) => {
      if (counts.ms < told + MINUTE) return;
      told = counts.ms - (counts.ms % MINUTE);
      console.log(lineOf(counts, await glance()));
    });
    const failures = failuresOf(result, goalsOf(options));
    console.log(
      `\n${tableOf(result)}\n\n${[failures.length === 0 ? 'PASS' : 'FAIL', ...failures].join('\n')}`,
    );
    return failures.length === 0 ? 0 : 1;
  } catch (error) {
    if (signal.aborted) return 130;
    throw error;
  }
}

/** Ctrl-C ends the children, and so everything that waits for them. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
  return stop.signal;
}
