import './production.js';
import { createGateways, type Gateways } from './gateway/gateways.js';
import type { Finding, SearchResult } from './harness/search.js';
import type { AnySurface } from './harness/surface.js';
import { examine, type Health, mustBeWell } from './health.js';
import { type Options, readOptions, usageOf } from './options.js';
import { surfaces } from './surfaces.js';

const names = surfaces.map(({ name }) => name);

/** What was thrown where nobody waited for it, while something in this process was fed. */
const strays: string[] = [];
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error: unknown) => strays.push(String(error instanceof Error ? error.stack : error)));
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error) => {
    process.stderr.write(`fuzz: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  },
);

/** Gives the exit code: 0, or 1 when something was found. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args, names);
  if (options === null) {
    console.log(usageOf(names));
    return 0;
  }
  await using gateways = createGateways();
  const before = await examine(gateways);
  console.log(`gateway: heap ${mib(before)} MiB`);
  const results: SearchResult[] = [];
  let after = before;
  for (let round = 0; round < ROUNDS; round += 1) {
    const seed = options.seed + round * SEEDS_A_ROUND;
    results.push(...(await searchAll({ ...options, inputs: options.inputs / ROUNDS, seed }, gateways)));
    after = await examine(gateways);
    console.log(`round ${round + 1} of ${ROUNDS}: ${total(results)} so far; heap ${mib(after)} MiB\n`);
  }
  const found = results.reduce((sum, { findings }) => sum + findings.length, 0);
  try {
    await mustBeWell(before, after);
    console.log('The gateway runs on, answers a normal query as before, and nothing is left over.');
  } catch (error) {
    console.log(`NOT WELL: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
  return found > 0 || strays.length > 0 ? 1 : 0;
}

/** All surfaces are searched as often, so that one sees whether memory is still taken once the caches are full. */
const ROUNDS = 5;
const SEEDS_A_ROUND = 10_000_019;

async function searchAll({ inputs, seed, only }: Options, gateways: Gateways): Promise<SearchResult[]> {
  const chosen = surfaces.filter(({ name }) => only?.includes(name) ?? true);
  const shares = chosen.reduce((sum, { share }) => sum + share, 0);
  const results: SearchResult[] = [];
  console.log(`${'surface'.padEnd(20)}${'inputs'.padStart(10)}${'seconds'.padStart(10)}  findings`);
  for (const surface of chosen) {
    const part = Math.ceil((inputs * surface.share) / shares);
    const result = await surface.search({ seed, inputs: part, gateways });
    results.push(result);
    console.log(rowOf(surface, result));
    for (const finding of result.findings) console.log(described(finding));
    for (const stray of strays.splice(0)) {
      console.log(`  ${surface.name}: thrown where nobody waited: ${stray}`);
      results.push({
        inputs: 0,
        seconds: 0,
        findings: [{ ...NOWHERE, surface: surface.name, message: stray, seed }],
      });
    }
  }
  return results;
}

const NOWHERE = { times: 1, example: '' };

function rowOf({ name }: AnySurface, { inputs, seconds, findings }: SearchResult): string {
  const columns = [name.padEnd(20), String(inputs).padStart(10), seconds.toFixed(1).padStart(10)];
  return `${columns.join('')}  ${findings.length || 'none'}`;
}

function described({ surface, message, times, seed, example }: Finding): string {
  return [
    `  ${message}`,
    `    seen ${times} times; again with: npm run fuzz -- --only ${surface} --seed ${seed} --inputs 1`,
    `    smallest: ${example}`,
  ].join('\n');
}

function total(results: readonly SearchResult[]): string {
  const inputs = results.reduce((sum, result) => sum + result.inputs, 0);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return `${inputs} inputs in ${seconds.toFixed(0)} s`;
}

function mib({ heapBytes }: Pick<Health, 'heapBytes'>): string {
  return (heapBytes / 2 ** 20).toFixed(1);
}
