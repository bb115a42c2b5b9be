import { parseArgs } from 'node:util';
import type { SoakPlan } from './soak.js';
import type { Goals } from './verdict.js';

/** What was asked for on the command line. */
export interface Options {
  readonly minutes: number;
  readonly seed: number;
}

/** What the command line may be, in short. */
export const USAGE = `npm run soak -- [--minutes <n>] [--seed <n>]

  --minutes   for how long readers come and go, after a warm-up of up to a minute (30)
  --seed      of all that is left to chance (a new one each time, which is printed)`;

/** Reads the command line; null when only help is wanted. Throws an error that names what it does not know. */
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
    minutes: numberOf('--minutes', values.minutes, { least: 0.1, most: 1_440, isWhole: false }),
    seed: numberOf('--seed', values.seed, { least: 0, most: 2 ** 32 - 1, isWhole: true }),
  };
}

/** What is done in so many minutes. */
export function planOf({ minutes, seed }: Options): SoakPlan {
  const ms = minutes * 60_000;
  return {
    seed,
    warmUpMs: Math.min(ms / 10, 60_000),
    ms,
    churnMs: 6_000,
    updatesPerSecond: 760,
    connectsPerSecond: 170,
    refill: 12_000,
    waitsForCuts: true,
  };
}

/** What is to come of it: in half an hour 200,000 connects and a million updates. */
export function goalsOf({ minutes }: Options): Goals {
  return {
    connects: Math.floor((200_000 / 30) * minutes),
    updates: Math.floor((1_000_000 / 30) * minutes),
    heapGrowth: 0.05,
    variety: minutes >= 5,
  };
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
}

function numberOf(option: string, text: string, { least, most, isWhole }: Bounds): number {
  const value = Number(text);
  if (text !== '' && value >= least && value <= most && (!isWhole || Number.isInteger(value))) return value;
  throw new Error(
    `${option}: expected a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}, got ${text}`,
  );
}
