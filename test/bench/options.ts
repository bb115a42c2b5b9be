import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BEFORE } from './parts/before.js';

/** What was asked for on the command line. */
export interface Options {
  readonly quick: boolean;
  /** How often everything is measured. */
  readonly runs: number;
  /** Only these parts; null: all. */
  readonly only: readonly string[] | null;
  /** Only these servers; null: all. */
  readonly servers: readonly string[] | null;
  /** The folder of another checkout, built, which is measured in the same rounds; null: none. */
  readonly before: string | null;
}

/** What there is to choose from. */
export interface Known {
  readonly parts: readonly string[];
  readonly servers: readonly string[];
}

/** What the command line may be, in short. */
export function usageOf({ parts, servers }: Known): string {
  return `npm run bench -- [--quick] [--runs <n>] [--only <part,part>] [--servers <name,name>] [--before <folder>]

  --quick     small numbers and one round: shows that everything works, not how fast it is
  --runs      how many rounds, of which the median is taken (3)
  --only      these parts alone: ${parts.join(', ')}
  --servers   these servers alone: ${servers.join(', ')}
  --before    another checkout of this project, built: measured in the same rounds, as \`${BEFORE}\``;
}

/** Reads the command line; null when only help is wanted. Throws an error that names what it does not know. */
export function readOptions(args: readonly string[], known: Known): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      only: { type: 'string' },
      servers: { type: 'string' },
      before: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  return {
    quick: values.quick,
    runs: runsOf(values.runs ?? (values.quick ? '1' : '3')),
    only: listOf('--only', values.only, known.parts),
    servers: listOf('--servers', values.servers, known.servers),
    before: values.before === undefined ? null : builtCheckout(values.before),
  };
}

function runsOf(text: string): number {
  const runs = Number(text);
  if (Number.isInteger(runs) && runs >= 1 && runs <= 99) return runs;
  throw new Error(`--runs: expected a whole number from 1 to 99, got ${text}`);
}

function builtCheckout(folder: string): string {
  if (existsSync(join(folder, 'dist/index.js'))) return resolve(folder);
  throw new Error(`--before: expected a checkout with dist/index.js (npm run build), got ${folder}`);
}

function listOf(option: string, text: string | undefined, known: readonly string[]): string[] | null {
  if (text === undefined) return null;
  const list = text.split(',');
  const unknown = list.find((name) => !known.includes(name));
  if (unknown === undefined) return list;
  throw new Error(`${option}: expected some of ${known.join(', ')}; got ${unknown}`);
}
