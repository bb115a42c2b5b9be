import { InvalidArgumentError } from 'commander';
import type { TargetFilter } from '../../client/client.js';
import { PHASES } from '../options/values.js';

/** Invalid filter. The message is one line with what was expected and what was found. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
}

/**
 * Parses a filter into the `where` of a query: terms separated by spaces, added to those of `previous`. A
 * term is `phase=FAILED,WAITING`, `type=SERVER`, `resource=api,web`, `label=backend`, `name=api:*`, or a
 * word. `name` and `label` are globs for the whole text. A word with `*` or `?` is a glob for the name too;
 * any other word matches a part of the name. Double quotes protect spaces and commas. Values of one key are
 * alternatives; all keys must match. Throws a {@link FilterError}.
 */
export function parseFilter(text: string, previous: TargetFilter = {}): TargetFilter {
  const terms = text.match(TERM) ?? [];
  if (terms.some((term) => (term.match(/"/g) ?? []).length % 2 === 1))
    throw new FilterError('Expected a closing "');
  return terms.reduce(withTerm, previous);
}

/** Parses one `--filter` of the command line and adds it to the previous ones. */
export function filter(text: string, previous: TargetFilter | undefined): TargetFilter {
  try {
    if (text.trim() === '') throw new FilterError(`Expected a filter: ${EXAMPLES}`);
    return parseFilter(text, previous);
  } catch (error) {
    throw error instanceof FilterError ? new InvalidArgumentError(`${error.message}.`) : error;
  }
}

/** Quoted parts keep their spaces, and a space after a comma does not end a term. */
const TERM = /(?:"[^"]*"?|,\s+|[^\s"])+/g;
/** Keys of a filter. */
export const FILTER_KEYS = ['name', 'phase', 'type', 'resource', 'label'] as const;
/** Values of the key `type`. */
export const FILTER_TYPES = ['JOB', 'SERVER', 'UNKNOWN'] as const;
const EXAMPLES = 'a name such as api:*, phase=FAILED,WAITING, type=SERVER, resource=api, label=backend';

function withTerm(previous: TargetFilter, term: string): TargetFilter {
  const [, word = '', values = ''] = /^([^"=]*)=(.*)$/s.exec(term) ?? [];
  if (!term.startsWith(`${word}=`)) return withName(previous, toGlob(unquote(term)));
  const key = FILTER_KEYS.find((candidate) => candidate === word.toLowerCase());
  if (key === undefined)
    throw new FilterError(`Expected one of ${FILTER_KEYS.join(', ')} before =, got '${word}'`);
  if (key === 'name') return withName(previous, requireValue(key, unquote(values)));
  if (key === 'label') return withLabel(previous, requireValue(key, unquote(values)));
  const list = parseList(key, values);
  if (key === 'resource') return { ...previous, resource: [...(previous.resource ?? []), ...list] };
  if (key === 'type')
    return {
      ...previous,
      type: [...(previous.type ?? []), ...list.map((value) => oneOf(key, FILTER_TYPES, value))],
    };
  return {
    ...previous,
    phase: [...(previous.phase ?? []), ...list.map((value) => oneOf(key, PHASES, value))],
  };
}

function withName(previous: TargetFilter, name: string): TargetFilter {
  if (previous.name != null)
    throw new FilterError(`Expected only one name, got ${quote(previous.name)} and ${quote(name)}`);
  return { ...previous, name };
}

function withLabel(previous: TargetFilter, label: string): TargetFilter {
  if (previous.label != null)
    throw new FilterError(`Expected only one label, got ${quote(previous.label)} and ${quote(label)}`);
  return { ...previous, label };
}

function toGlob(word: string): string {
  if (word === '') throw new FilterError('Expected a name between the quotes');
  return /[*?]/.test(word) ? word : `*${word}*`;
}

function parseList(key: string, text: string): string[] {
  const values = text.match(/(?:"[^"]*"|[^,"])+/g) ?? [];
  return requireValues(
    key,
    values.map((value) => unquote(value.trim())).filter((value) => value !== ''),
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
    throw new FilterError(`Expected ${key}= one of ${allowed.join(', ')}, got ${quote(value)}`);
  return found;
}

function unquote(text: string): string {
  return text.replaceAll('"', '');
}

function quote(text: string): string {
  return `'${text}'`;
}
