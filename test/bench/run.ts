import { createBench } from './harness/bench.js';
import { buildProcesses } from './harness/build.js';
import { readMachine } from './harness/machine.js';
import { type PartResult, runRounds } from './harness/rounds.js';
import { formatUsage, type Options, readOptions } from './options.js';
import { parts } from './parts/all.js';
import { BEFORE, withBefore } from './parts/before.js';
import { writeResults } from './report/results.js';
import { formatHeader, formatSummary, formatTable } from './report/table.js';

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

/** Returns the exit code: 0, or 1 if a measurement failed. A missed goal is not a failure. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, known);
  if (options === null) {
    console.log(formatUsage(known));
    return 0;
  }
  const signal = stopSignal();
  await buildProcesses();
  const machine = readMachine();
  console.log(formatHeader(machine, options));
  const results = await runParts(options, signal);
  if (signal.aborted) return 130;
  const files = await writeResults(resultsName(options), { machine, runs: options.runs, parts: results });
  console.log(formatSummary(results));
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
      includes: (entrant) => entrant === BEFORE || (options.servers?.includes(entrant) ?? true),
      onProgress: (line) => process.stderr.write(`${line}\n`),
    });
    results.push(result);
    console.log(formatTable(result));
  }
  return results;
}

/** Base name of the result files. Only a whole run is written to the committed files. */
function resultsName({ quick, only, servers, before }: Options): string {
  if (quick) return 'quick';
  return only || servers || before ? 'partial' : 'latest';
}

/** Aborts on SIGINT and SIGTERM. That kills the child processes, so all pending calls reject. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop.abort());
  return stop.signal;
}
