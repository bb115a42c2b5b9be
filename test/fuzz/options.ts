import { parseArgs } from 'node:util';

/** What was asked for on the command line. */
export interface Options {
  /** How many inputs in all. */
  readonly inputs: number;
  readonly seed: number;
  /** Only these surfaces; null: all. */
  readonly only: readonly string[] | null;
}

/** What the command line may be, in short. */
export function usageOf(surfaces: readonly string[]): string {
  return `npm run fuzz -- [--inputs <n>] [--seed <n>] [--only <surface,surface>]

  --inputs  how many inputs, all surfaces together (1000000)
  --seed    where all that is random comes from (1): the same seed gives the same inputs
  --only    these surfaces alone: ${surfaces.join(', ')}`;
}

/** Reads the command line; null when only help is wanted. Throws an error that names what it does not know. */
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
    only: values.only === undefined ? null : listOf(values.only, surfaces),
  };
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least && number < 2 ** 31) return number;
  throw new Error(`${option}: expected a whole number from ${least} to 2147483647, got ${text}`);
}

function listOf(text: string, known: readonly string[]): readonly string[] {
  const list = text.split(',');
  const unknown = list.find((name) => !known.includes(name));
  if (unknown === undefined) return list;
  throw new Error(`--only: expected some of ${known.join(', ')}; got ${unknown}`);
}
