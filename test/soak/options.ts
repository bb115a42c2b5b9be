import { parseArgs } from 'node:util';
import type { SoakPlan } from './soak.js';
import type { Goals } from './verdict.js';

/** Options of the command line. */
export interface Options {
  readonly minutes: number;
  readonly seed: number;
}

/** Help text of the command. */
export const USAGE = `npm run soak -- [--minutes <n>] [--seed <n>]

  --minutes   duration, after a warm-up of up to a minute (default 30)
  --seed      seed of the random choices (default: a new one, which is printed)`;

/** Parses the command line. Returns null for `--help`. Throws an error that names an unknown option. */
export function readOptions(args: readonly string[], seed: number): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '30' },
      seed: { type: 'string', default: String(seed) },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  return {
    minutes: parseNumber('--minutes', values.minutes, { min: 0.1, max: 1_440, isWhole: false }),
    seed: parseNumber('--seed', values.seed, { min: 0, max: 2 ** 32 - 1, isWhole: true }),
  };
}

/** Creates the plan of a run. */
export function createPlan({ minutes, seed }: Options): SoakPlan {
  const ms = minutes * 60_000;
  return {
    seed,
    warmUpMs: Math.min(ms / 10, 60_000),
    ms,
    churnMs: 6_000,
    updatesPerSecond: 760,
    connectsPerSecond: 170,
    refill: 20_000,
    waitsForCuts: true,
  };
}

/** Minimum counts of a run: 200,000 connects and a million updates in half an hour. */
export function createGoals({ minutes }: Options): Goals {
  return {
    connects: Math.floor((200_000 / 30) * minutes),
    updates: Math.floor((1_000_000 / 30) * minutes),
    heapGrowth: 0.05,
    variety: minutes >= 5,
  };
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
}

function parseNumber(option: string, text: string, { min, max, isWhole }: Bounds): number {
  const value = Number(text);
  if (text !== '' && value >= min && value <= max && (!isWhole || Number.isInteger(value))) return value;
  throw new Error(
    `${option}: expected a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}, got ${text}`,
  );
}
