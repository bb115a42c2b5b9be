import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../harness/machine.js';
import type { PartResult } from '../harness/rounds.js';
import { renderChart } from './chart.js';
import { evaluateGoals } from './table.js';

/** Results of a run. */
export interface Results {
  readonly machine: Machine;
  /** Number of rounds behind the medians. */
  readonly runs: number;
  readonly parts: readonly PartResult[];
}

const folder = fileURLToPath(new URL('../results/', import.meta.url));

/**
 * Writes the results as JSON and as a picture. Returns the paths.
 *
 * @param name `latest` for a whole run; other names are not committed
 */
export async function writeResults(name: string, results: Results): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const [json, picture] = [`${folder}${name}.json`, `${folder}${name}.svg`];
  await writeFile(json, `${JSON.stringify(plain(results), null, 2)}\n`);
  await writeFile(picture, renderChart(results));
  return [json, picture];
}

function plain({ machine, runs, parts }: Results): object {
  return {
    machine,
    runs,
    parts: parts.map((result) => ({
      name: result.part.name,
      title: result.part.title,
      columns: Object.fromEntries(result.part.columns.map(({ key, title }) => [key, title])),
      rows: [...result.rows.values()],
      goals: evaluateGoals(result),
      failures: result.failures,
    })),
  };
}
