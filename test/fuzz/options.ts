import { parseArgs } from 'node:util';

/** Options of the command line. */
export interface Options {
  /** Total number of inputs. */
  readonly inputs: number;
  readonly seed: number;
  /** Surfaces to run; null for all. */
  readonly only: readonly string[] | null;
}

/** Help text of the command. */
export function formatUsage(surfaces: readonly string[]): string {
  return `npm run fuzz -- [--inputs <n>] [--seed <n>] [--only <surface,surface>]

  --inputs  number of inputs over all surfaces (default 1000000)
  --seed    seed of the random choices (default 1); the same seed gives the same inputs
  --only    run only these surfaces: ${surfaces.join(', ')}`;
}

/** Parses the command line. Returns null for `--help`. Throws an error that names an unknown value. */
export function readOptions(args: readonly string[], surfaces: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  return {
    inputs: wholeNumber('--inputs', values.inputs, 1),
    seed: wholeNumber('--seed', values.seed, 0),
    only: values.only === undefined ? null : parseList(values.only, surfaces),
  };
}

function wholeNumber(option: string, text: string, min: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= min && number < 2 ** 31) return number;
  throw new Error(`${option}: expected a whole number from ${min} to 2147483647, got ${text}`);
}

function parseList(text: string, known: readonly string[]): readonly string[] {
  const list = text.split(',');
  const unknown = list.find((name) => !known.includes(name));
  if (unknown === undefined) return list;
  throw new Error(`--only: unknown name ${unknown}; expected ${known.join(', ')}`);
}
