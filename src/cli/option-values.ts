import { InvalidArgumentError } from 'commander';

// What options accept: each gives the value, or one line about what was expected.

/** A port number; 0 takes a free one. */
export function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65_535)
    throw new InvalidArgumentError('Expected a number from 0 to 65535.');
  return number;
}

/** What is served has no password yet: nothing beyond this machine may reach it. */
export function loopback(text: string): string {
  if (text !== 'localhost' && text !== '::1' && !/^127(\.\d{1,3}){3}$/.test(text)) {
    throw new InvalidArgumentError('Expected a loopback address: 127.0.0.1, ::1 or localhost.');
  }
  return text;
}

/** One more of an option that may be repeated. */
export function append(text: string, given: readonly string[] | undefined): readonly string[] {
  return [...(given ?? []), text];
}

const MILLISECONDS = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** A time with its unit, in milliseconds. */
export function durationMs(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(number) * (MILLISECONDS.get(unit) ?? Number.NaN);
  if (!Number.isFinite(ms)) throw new InvalidArgumentError('Expected a time such as 90s, 10m, 1h or 7d.');
  return ms;
}

/** A number of bytes, such as 0, 500k or 32M. */
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
