import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import type { Condition } from '../client/client.js';
import { parseAllowedHost, parseAllowedOrigin } from '../server/access/authority.js';
import { isLoopback, parseTrustedProxies } from '../server/access/peer.js';
import { DEFAULT_LIMITS, isLimit, type Limits } from '../server/limits.js';
import { PHASES } from './target-facts.js';

// What options accept: each gives the value, or one line about what was expected.

/** A whole number from one to another. */
export function between(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`Expected a number from ${min} to ${max}.`);
  };
}

/** A port number; 0 takes a free one. */
export const port = between(0, 65_535);

/** An address to listen on. */
export function host(text: string): string {
  if (text === 'localhost' || isIP(text) !== 0) return text;
  throw new InvalidArgumentError('Expected an address such as 127.0.0.1, ::1, 0.0.0.0, or localhost.');
}

/** Names of hosts, apart by commas, added to those given before. */
export function hosts(text: string, given: readonly string[]): readonly string[] {
  return [...given, ...list(text).map((name) => accepted(parseAllowedHost, name))];
}

/** Origins, apart by commas, added to those given before. */
export function origins(text: string, given: readonly string[]): readonly string[] {
  return [...given, ...list(text).map((origin) => accepted(parseAllowedOrigin, origin))];
}

/** What a parser makes of a value; its RangeError becomes one line about the option. */
function accepted<T>(parse: (value: string) => T, value: string): T {
  try {
    return parse(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InvalidArgumentError(`${error.message.replace(/^e/, 'E')}.`);
  }
}

function list(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Addresses and networks, apart by commas, added to those given before. */
export function proxies(text: string, given: readonly string[]): readonly string[] {
  const all = [...given, ...list(text)];
  try {
    parseTrustedProxies(all);
  } catch {
    throw new InvalidArgumentError('Expected an IP address or a network, such as 10.0.0.0/8.');
  }
  return all;
}

/** What paths begin with: a slash first, none last. */
export function pathPrefix(text: string): string {
  const path = text.replace(/\/+$/, '');
  if (path === '' || /^(\/[\w.~-]+)+$/.test(path)) return path;
  throw new InvalidArgumentError('Expected a path such as /tilt.');
}

/** An address of the web: https, or http on this machine, where nobody listens in. */
export function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isHere = url !== null && isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isHere)) return url;
  throw new InvalidArgumentError('Expected an https address (or http on this machine).');
}

/** Limits as NAME=NUMBER, apart by commas, added to those given before. */
export function limit(text: string, given: Partial<Limits>): Partial<Limits> {
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
    limits[name] = Number(value);
  }
  return { ...given, ...limits };
}

/** The name of an instance: parts apart by dots, none of them empty. */
export function instance(text: string): string {
  if (/^[^\s./]+(\.[^\s./]+)*$/.test(text)) return text;
  throw new InvalidArgumentError(
    'Expected a name such as team-a.ci.1234: no spaces and slashes, no empty parts.',
  );
}

/** One more of an option that may be repeated. */
export function append(text: string, given: readonly string[]): readonly string[] {
  return [...given, text];
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

/** The id of a process. */
export function pid(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number > 0 && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError('Expected the id of a process, such as 4711.');
}

/** A moment with its time zone, as `date -Is` prints it. */
export function time(text: string): Date {
  const date = new Date(text);
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(text) && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('Expected a time with its zone, such as 2026-11-22T12:00:00Z.');
}

/** A condition of `wait`: `ready`, `done` or `target:NAME=PHASE`, the phase in any case. The last `=` is the one that counts. */
export function condition(text: string): Condition {
  if (text === 'ready' || text === 'done') return text;
  const [, target, word = ''] = /^target:(.+)=([^=]*)$/s.exec(text) ?? [];
  const phase = PHASES.find((candidate) => candidate === word.toUpperCase());
  if (target !== undefined && phase !== undefined) return { target, phase };
  throw new InvalidArgumentError(
    `Expected ready, done, or target:NAME=PHASE with one of ${PHASES.join(', ')}.`,
  );
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
