import { InvalidArgumentError } from 'commander';
import type { TargetFilter } from '../../client/client.js';
import { PHASES } from '../options/values.js';

/** Invalid filter. The message is one line with what was expected and what was found. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
}

/**
 * Parses a filter into the `where` of a query: terms separated by spaces, added to those of `given`. A term
 * is `phase=FAILED,WAITING`, `type=SERVER`, `resource=api,web`, `name=api:*`, or a word. `name` is a glob
 * for the whole name. A word with `*` or `?` is a glob too; any other word matches a part of the name.
 * Double quotes protect spaces and commas. Values of one key are alternatives; all keys must match. Throws a
 * {@link FilterError}.
 */
export function parseFilter(text: string, given: TargetFilter = {}): TargetFilter {
  const terms = text.match(TERM) ?? [];
  if (terms.some((term) => (term.match(/"/g) ?? []).length % 2 === 1))
    throw new FilterError('Expected a closing "');
  return terms.reduce(withTerm, given);
}

/** Parses one `--filter` of the command line and adds it to the previous ones. */
export function filter(text: string, given: TargetFilter | undefined): TargetFilter {
  try {
    if (text.trim() === '') throw new FilterError(`Expected a filter: ${EXAMPLES}`);
    return parseFilter(text, given);
  } catch (error) {
    throw error instanceof FilterError ? new InvalidArgumentError(`${error.message}.`) : error;
  }
}

/** Quoted parts keep their spaces, and a space after a comma does not end a term. */
const TERM = /(?:"[^"]*"?|,\s+|[^\s"])+/g;
const KEYS = ['name', 'phase', 'type', 'resource'] as const;
const TYPES = ['JOB', 'SERVER', 'UNKNOWN'] as const;
const EXAMPLES = 'a name such as api:*, phase=FAILED,WAITING, type=SERVER, resource=api';

function withTerm(given: TargetFilter, term: string): TargetFilter {
  const [, word = '', values = ''] = /^([^"=]*)=(.*)$/s.exec(term) ?? [];
  if (!term.startsWith(`${word}=`)) return withName(given, toGlob(unquoted(term)));
  const key = KEYS.find((candidate) => candidate === word.toLowerCase());
  if (key === undefined) throw new FilterError(`Expected one of ${KEYS.join(', ')} before =, got '${word}'`);
  if (key === 'name') return withName(given, requireValue(key, unquoted(values)));
  const list = parseList(key, values);
  if (key === 'resource') return { ...given, resource: [...(given.resource ?? []), ...list] };
  if (key === 'type')
    return { ...given, type: [...(given.type ?? []), ...list.map((value) => oneOf(key, TYPES, value))] };
  return { ...given, phase: [...(given.phase ?? []), ...list.map((value) => oneOf(key, PHASES, value))] };
}

function withName(given: TargetFilter, name: string): TargetFilter {
  if (given.name != null)
    throw new FilterError(`Expected only one name, got ${quoted(given.name)} and ${quoted(name)}`);
  return { ...given, name };
}

function toGlob(word: string): string {
  if (word === '') throw new FilterError('Expected a name between the quotes');
  return /[*?]/.test(word) ? word : `*${word}*`;
}

function parseList(key: string, text: string): string[] {
  const values = text.match(/(?:"[^"]*"|[^,"])+/g) ?? [];
  return requireValues(
    key,
    values.map((value) => unquoted(value.trim())).filter((value) => value !== ''),
  );
}

function requireValues(key: string, values: string[]): string[] {
  if (values.length === 0) throw new FilterError(`Expected a value after ${key}=`);
  return values;
}

function requireValue(key: string, value: string): string {
  return requireValues(key, value === '' ? [] : [value]).join('');
}

function oneOf<T extends string>(key: string, allowed: readonly T[], value: string): T {
  const found = allowed.find((candidate) => candidate === value.toUpperCase());
  if (found === undefined)
    throw new FilterError(`Expected ${key}= one of ${allowed.join(', ')}, got ${quoted(value)}`);
  return found;
}

function unquoted(text: string): string {
  return text.replaceAll('"', '');
}

function quoted(text: string): string {
  return `'${text}'`;
}
