import { matchFrom, type Range } from './text-range.js';

/**
 * A kind of secret. The expression is global. It runs in linear time: a repetition is bounded, or nothing
 * that follows it in the expression can fail, or it can only start where a word starts.
 */
export interface RedactionRule {
  readonly expression: RegExp;
  /** Finds the secret of a match; null if it is prose. The search continues after both. */
  readonly select: (match: RegExpExecArray, text: string) => Range | null;
}

/** Words at the end of a name that holds a secret: `DB_PASSWORD`, `apiKey`, `X-Vault-Token`, `API key`. */
export const SECRET_NAME = namesWith('[ _-]');

/** The same in the name of an option, which has no spaces. */
export const OPTION_NAME = namesWith('[_-]');

function namesWith(separator: string): string {
  return [
    'passw(?:or)?d|passphrase|[_-]pass|(?:pg|ssh)pass|pwd|_pw|token',
    `secret(?:${separator}?key(?:${separator}?base)?)?`,
    `(?:api|access|account|auth|encryption|master|private|shared|signing|webhook)${separator}?key`,
    'credentials?|[_-]auth',
  ].join('|');
}

/** Names whose value is always a secret, even after `: `. Not `sshpass`, which is a command as well. */
export const PASSWORD = /^(?:pass|[_-]pass|pgpass|pwd|_pw)/i;

/** Whether a value has the form of a secret rather than of a word or a number of prose. */
export function isLikeSecret(value: string): boolean {
  return value.length >= 8 && /\d/.test(value);
}

/** The value from an index: up to the quote that closes it, or up to white space. */
export function selectValue(text: string, start: number, opening: string): Range {
  const expression =
    opening === '' ? UNQUOTED : opening === '"' ? QUOTED : opening === "'" ? SINGLE_QUOTED : ESCAPED;
  return matchFrom(expression, text, start);
}

const UNQUOTED = /\S*/y;
const QUOTED = /(?:[^"\\]|\\.)*/sy;
/** Quotes within are escaped by a backslash, doubled (YAML, SQL), or outside of the quotes (shells). */
const SINGLE_QUOTED = /(?:[^'\\]|'(?:\\'|"'")?'|\\.)*/sy;
/** The start of a value whose end is found in a text without escapes. */
const ESCAPED = /[^"'\\]*/y;
