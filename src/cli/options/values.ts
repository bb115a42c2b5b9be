import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import type { Condition, LogLevel, TargetPhase } from '../../client/client.js';
import { bareHost, isLoopback } from '../../lib/host.js';
import { parseAllowedHost, parseAllowedOrigin } from '../../server/access/authority.js';
import { parseTrustedProxies } from '../../server/access/peer.js';
import { DEFAULT_LIMITS, isLimit, type Limits } from '../../server/limits.js';

// Parsers of option values. Each throws an InvalidArgumentError with one line about the expected value.

/** Phases of a target. Those that need attention come first. */
export const PHASES: readonly TargetPhase[] = [
  'FAILED',
  'RETRYING',
  'WAITING',
  'RUNNING',
  'UNTRIGGERED',
  'READY',
  'SUCCEEDED',
  'INACTIVE',
  'DISABLED',
];

/** Levels of log lines as typed on the command line, lowest first. */
const LOG_LEVELS: ReadonlyMap<string, LogLevel> = new Map([
  ['debug', 'DEBUG'],
  ['verbose', 'VERBOSE'],
  ['info', 'INFO'],
  ['warn', 'WARN'],
  ['error', 'ERROR'],
]);

/** Parser and choices of a level of lines of a log, in upper or lower case. */
export const logLevel = {
  choices: [...LOG_LEVELS.keys()],
  parse(text: string): LogLevel {
    const level = LOG_LEVELS.get(text.toLowerCase());
    if (level !== undefined) return level;
    throw new InvalidArgumentError(`Allowed choices are ${[...LOG_LEVELS.keys()].join(', ')}.`);
  },
};

/** Creates a parser for whole numbers in a range. */
export function between(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
  };
}

/** Parses a port number; 0 stands for a free port. */
export const port = between(0, 65_535);

/** Parses an address to listen on. */
export function host(text: string): string {
  if (text === 'localhost' || isIP(text) !== 0) return text;
  throw new InvalidArgumentError('Expected an address such as 127.0.0.1, ::1, 0.0.0.0, or localhost.');
}

/** Parses host names, separated by commas, and appends them. */
export function hosts(text: string, previous: readonly string[]): readonly string[] {
  return [...previous, ...splitList(text).map((name) => parseWith(parseAllowedHost, name))];
}

/** Parses origins, separated by commas, and appends them. */
export function origins(text: string, previous: readonly string[]): readonly string[] {
  return [...previous, ...splitList(text).map((origin) => parseWith(parseAllowedOrigin, origin))];
}

/** Calls a parser. Turns its RangeError into an error about the option. */
function parseWith<T>(parse: (value: string) => T, value: string): T {
  try {
    return parse(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InvalidArgumentError(`${error.message.replace(/^e/, 'E')}.`);
  }
}

function splitList(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Parses IP addresses and networks, separated by commas, and appends them. */
export function proxies(text: string, previous: readonly string[]): readonly string[] {
  const all = [...previous, ...splitList(text)];
  try {
    parseTrustedProxies(all);
  } catch {
    throw new InvalidArgumentError('Expected an IP address or a network, such as 10.0.0.0/8.');
  }
  return all;
}

/** Parses a path prefix: starts with a slash and does not end with one. */
export function pathPrefix(text: string): string {
  const path = text.replace(/\/+$/, '');
  if (path === '' || /^(\/[\w.~-]+)+$/.test(path)) return path;
  throw new InvalidArgumentError('Expected a path such as /tilt.');
}

/** Parses an https URL. For this machine http is allowed too, because the traffic stays local. */
export function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLocal = url !== null && isLoopback(bareHost(url));
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return url;
  throw new InvalidArgumentError('Expected an https URL (or http on this machine).');
}

/** Parses limits as NAME=NUMBER, separated by commas, each name once, and appends them. */
export function limit(text: string, previous: Partial<Limits>): Partial<Limits> {
  const limits: Record<string, number> = {};
  for (const part of text.split(',')) {
    const [name = '', value = ''] = part.trim().split('=', 2);
    if (!isLimit(name)) {
      throw new InvalidArgumentError(
        `Expected NAME=NUMBER with one of ${Object.keys(DEFAULT_LIMITS).join(', ')}.`,
      );
    }
    if (!/^[1-9]\d{0,9}$/.test(value)) {
      throw new InvalidArgumentError(`Expected ${name}=NUMBER, a whole number of at least 1.`);
    }
    if (name in limits || name in previous) throw new InvalidArgumentError(`Expected ${name} once.`);
    limits[name] = Number(value);
  }
  return { ...previous, ...limits };
}

/** Parses the name of an instance: parts separated by dots, none of them empty. */
export function instance(text: string): string {
  if (/^[^\s./]+(\.[^\s./]+)*$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected a name such as team-a.ci.1234: no spaces and slashes, no empty parts.',
  );
}

/** Appends the value of an option that may be repeated. */
export function append(text: string, previous: readonly string[]): readonly string[] {
  return [...previous, text];
}

/** Parses a process id. */
export function pid(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0 && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError('Expected a process id such as 4711.');
}

/** Parses a time with its time zone, as `date -Is` prints it. */
export function time(text: string): Date {
  const date = new Date(text);
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('Expected a time with a time zone, such as 2026-11-22T12:00:00Z.');
}

/**
 * Parses a condition of `wait`: `ready`, `done` or `target:NAME=PHASE`. The last `=` separates name and
 * phase; the phase is case-insensitive.
 */
export function condition(text: string): Condition {
  if (text === 'ready' || text === 'done') return text;
  const [, target, word = ''] = /^target:(.+)=([^=]*)$/s.exec(text) ?? [];
  const phase = PHASES.find((candidate) => candidate === word.toUpperCase());
  if (target !== undefined && phase !== undefined) return { target, phase };
  throw new InvalidArgumentError(
    `Expected ready, done, or target:NAME=PHASE with one of ${PHASES.join(', ')}.`,
  );
}
