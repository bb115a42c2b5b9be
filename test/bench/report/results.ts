import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../harness/machine.js';
import type { PartResult } from '../harness/rounds.js';
import { chartOf } from './chart.js';
import { judge } from './table.js';

/** What came of a run. */
export interface Results {
  readonly machine: Machine;
  /** How many rounds the medians are of. */
  readonly runs: number;
  readonly parts: readonly PartResult[];
}

const folder = fileURLToPath(new URL('../results/', import.meta.url));

/**
 * Writes the results as JSON and as a picture, and gives the paths.
 *
 * @param name `latest` for what is to be quoted; anything else is scrap
 */
export async function writeResults(name: string, results: Results): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const [json, picture] = [`${folder}${name}.json`, `${folder}${name}.svg`];
  await writeFile(json, `${JSON.stringify(plain(results), null, 2)}\n`);
  await writeFile(picture, chartOf(results));
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
      goals: judge(result),
      failures: result.failures,
    })),
  };
}
