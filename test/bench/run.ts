import { createBench } from './harness/bench.js';
import { buildProcesses } from './harness/build.js';
import { readMachine } from './harness/machine.js';
import { type PartResult, runRounds } from './harness/rounds.js';
import { type Options, readOptions, usageOf } from './options.js';
import { parts } from './parts/all.js';
import { BEFORE, withBefore } from './parts/before.js';
import { writeResults } from './report/results.js';
import { headOf, tableOf, verdictOf } from './report/table.js';

const known = {
  parts: parts.map(({ name }) => name),
  servers: [...new Set(parts.flatMap(({ entrants }) => entrants))],
};

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);

/** Gives the exit code: 0, or 1 when something could not be measured. A goal that is not met is no failure. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, known);
  if (options === null) {
    console.log(usageOf(known));
    return 0;
  }
  const signal = stopSignal();
  await buildProcesses();
  const machine = readMachine();
  console.log(headOf(machine, options));
  const results = await runParts(options, signal);
  if (signal.aborted) return 130;
  const files = await writeResults(resultsName(options), { machine, runs: options.runs, parts: results });
  console.log(verdictOf(results));
  console.log(files.join('\n'));
  return results.some(({ failures }) => failures.length > 0) ? 1 : 0;
}

async function runParts(options: Options, signal: AbortSignal): Promise<PartResult[]> {
  const bench = createBench(options.quick, signal, options.before);
  const results: PartResult[] = [];
  for (const part of parts) {
    if (signal.aborted || !(options.only?.includes(part.name) ?? true)) continue;
    const result = await runRounds(options.before ? withBefore(part) : part, bench, {
      runs: options.runs,
      takes: (entrant) => entrant === BEFORE || (options.servers?.includes(entrant) ?? true),
      tell: (line) => process.stderr.write(`${line}\n`),
    });
    results.push(result);
    console.log(tableOf(result));
  }
  return results;
}

/** Only a whole run is to be quoted. */
function resultsName({ quick, only, servers, before }: Options): string {
  if (quick) return 'quick';
  return only || servers || before ? 'partial' : 'latest';
}

/** Ctrl-C ends the children, and so everything that waits for them. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
  return stop.signal;
}
