import { InvalidArgumentError } from 'commander';

// Parsers of option values with a unit.

const MILLISECONDS = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Parses a duration with its unit into milliseconds. */
export function durationMs(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(number) * (MILLISECONDS.get(unit) ?? Number.NaN);
  if (!Number.isFinite(ms)) throw new InvalidArgumentError('Expected a duration such as 90s, 10m, 1h or 7d.');
  return ms;
}

/** Parses a number of bytes, such as 0, 500k or 32M. */
export function bytes(text: string): number {
  const [, number, unit = ''] = /^(\d+)([kMG]?)$/.exec(text) ?? [];
  const size = Number(number) * (BYTES.get(unit) ?? Number.NaN);
  if (!Number.isSafeInteger(size))
    throw new InvalidArgumentError('Expected bytes, such as 0, 500k, 32M or 1G.');
  return size;
}

const BYTES = new Map([
  ['', 1],
  ['k', 2 ** 10],
  ['M', 2 ** 20],
  ['G', 2 ** 30],
]);
