import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BEFORE } from './parts/before.js';

/** Options of the command line. */
export interface Options {
  readonly quick: boolean;
  /** Number of rounds. */
  readonly runs: number;
  /** Parts to run; null for all. */
  readonly only: readonly string[] | null;
  /** Servers to measure; null for all. */
  readonly servers: readonly string[] | null;
  /** Folder of another built checkout, measured in the same rounds; null for none. */
  readonly before: string | null;
}

/** Names of all parts and servers. */
export interface Known {
  readonly parts: readonly string[];
  readonly servers: readonly string[];
}

/** Help text of the command. */
export function formatUsage({ parts, servers }: Known): string {
  return `npm run bench -- [--quick] [--runs <n>] [--only <part,part>] [--servers <name,name>] [--before <folder>]

  --quick     small numbers and one round: a smoke test, not a measurement
  --runs      number of rounds; the median is reported (default 3)
  --only      run only these parts: ${parts.join(', ')}
  --servers   measure only these servers: ${servers.join(', ')}
  --before    folder of another built checkout, measured in the same rounds as \`${BEFORE}\``;
}

/** Parses the command line. Returns null for `--help`. Throws an error that names an unknown value. */
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
    runs: parseRuns(values.runs ?? (values.quick ? '1' : '3')),
    only: parseList('--only', values.only, known.parts),
    servers: parseList('--servers', values.servers, known.servers),
    before: values.before === undefined ? null : builtCheckout(values.before),
  };
}

function parseRuns(text: string): number {
  const runs = Number(text);
  if (Number.isInteger(runs) && runs >= 1 && runs <= 99) return runs;
  throw new Error(`--runs: expected a whole number from 1 to 99, got ${text}`);
}

function builtCheckout(folder: string): string {
  if (existsSync(join(folder, 'dist/index.js'))) return resolve(folder);
  throw new Error(`--before: expected a checkout with dist/index.js (npm run build), got ${folder}`);
}

function parseList(option: string, text: string | undefined, known: readonly string[]): string[] | null {
  if (text === undefined) return null;
  const list = text.split(',');
  const unknown = list.find((name) => !known.includes(name));
  if (unknown === undefined) return list;
  throw new Error(`${option}: unknown name ${unknown}; expected ${known.join(', ')}`);
}
