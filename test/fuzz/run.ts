import './production.js';
import { createGateways, type Gateways } from './gateway/gateways.js';
import type { Finding, SearchResult } from './harness/search.js';
import type { AnySurface } from './harness/surface.js';
import { assertHealthy, examine, type Health } from './health.js';
import { formatUsage, type Options, readOptions } from './options.js';
import { surfaces } from './surfaces/all.js';

const names = surfaces.map(({ name }) => name);

/** Errors thrown outside of any awaited call while a surface was fed. */
const strayErrors: string[] = [];
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error: unknown) =>
    strayErrors.push(String(error instanceof Error ? error.stack : error)),
  );
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  },
);

/** Returns the exit code: 0, or 1 if there are findings. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, names);
  if (options === null) {
    console.log(formatUsage(names));
    return 0;
  }
  await using gateways = createGateways();
  const before = await examine(gateways);
  console.log(`gateway: heap ${formatMebibytes(before)} MiB`);
  const results: SearchResult[] = [];
  let after = before;
  for (let round = 0; round < ROUNDS; round += 1) {
    const seed = options.seed + round * SEEDS_PER_ROUND;
    results.push(...(await searchAll({ ...options, inputs: options.inputs / ROUNDS, seed }, gateways)));
    after = await examine(gateways);
    console.log(
      `round ${round + 1} of ${ROUNDS}: ${total(results)} so far; heap ${formatMebibytes(after)} MiB\n`,
    );
  }
  const found = results.reduce((sum, { findings }) => sum + findings.length, 0);
  try {
    await assertHealthy(before, after);
    console.log('The gateway is still running, answers a normal query as before, and leaked nothing.');
  } catch (error) {
    console.log(`UNHEALTHY: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  return found > 0 || strayErrors.length > 0 ? 1 : 0;
}

/**
 * All surfaces run once per round, so that the heap after each round shows whether memory grows after the
 * caches are full.
 */
const ROUNDS = 5;
const SEEDS_PER_ROUND = 10_000_019;

async function searchAll({ inputs, seed, only }: Options, gateways: Gateways): Promise<SearchResult[]> {
  const chosen = surfaces.filter(({ name }) => only?.includes(name) ?? true);
  const shares = chosen.reduce((sum, { share }) => sum + share, 0);
  const results: SearchResult[] = [];
  console.log(`${'surface'.padEnd(20)}${'inputs'.padStart(10)}${'seconds'.padStart(10)}  findings`);
  for (const surface of chosen) {
    const part = Math.ceil((inputs * surface.share) / shares);
    const result = await surface.search({ seed, inputs: part, gateways });
    results.push(result);
    console.log(formatRow(surface, result));
    for (const finding of result.findings) console.log(formatFinding(finding));
    for (const error of strayErrors.splice(0)) {
      console.log(`  ${surface.name}: uncaught error: ${error}`);
      results.push({
        inputs: 0,
        seconds: 0,
        findings: [{ ...NO_EXAMPLE, surface: surface.name, message: error, seed }],
      });
    }
  }
  return results;
}

const NO_EXAMPLE = { times: 1, example: '' };

function formatRow({ name }: AnySurface, { inputs, seconds, findings }: SearchResult): string {
  const columns = [name.padEnd(20), String(inputs).padStart(10), seconds.toFixed(1).padStart(10)];
  return `${columns.join('')}  ${findings.length || 'none'}`;
}

function formatFinding({ surface, message, times, seed, example }: Finding): string {
  return [
    `  ${message}`,
    `    seen ${times} times; reproduce with: npm run fuzz -- --only ${surface} --seed ${seed} --inputs 1`,
    `    smallest: ${example}`,
  ].join('\n');
}

function total(results: readonly SearchResult[]): string {
  const inputs = results.reduce((sum, result) => sum + result.inputs, 0);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return `${inputs} inputs in ${seconds.toFixed(0)} s`;
}

function formatMebibytes({ heapBytes }: Pick<Health, 'heapBytes'>): string {
  return (heapBytes / 2 ** 20).toFixed(1);
}
