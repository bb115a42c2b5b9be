import { isLikeSecret, PASSWORD, type RedactionRule, SECRET_NAME, selectValue } from './secret-form.js';
import { matchFrom, type Range } from './text-range.js';

/** Between the name of a member or an attribute and its value. */
const PAIR_BREAK = String.raw`["']?\s{0,8}[:=]\s{0,8}`;

/** The member or attribute of a pair that names its value, without the quote that closes it. */
const PAIR_NAME = String.raw`(?<nameWord>name|key)(?<nameBreak>${PAIR_BREAK})(?<nameQuote>["']?)(?<namePrefix>[\w.-]{0,64})(?<name>${SECRET_NAME})`;

/**
 * Between the two members or attributes of a pair. Between values without quotes it is not empty, so that the
 * end of the first one is certain.
 */
const PAIR_SEPARATOR = String.raw`(?:(?<=["'])|\s{0,8},|\s)\s{0,8}["']?`;

/**
 * A value before the name of its pair. Its length is bounded, because the name may not follow. The look-ahead
 * takes a value without quotes as a whole: a search does not try all of its shorter forms.
 */
const PAIR_VALUE = String.raw`"(?:[^"\\]|\\[^]){1,1024}"|'(?:[^'\\]|\\[^]){1,1024}'|(?=(?<run>[^\s"',{}[\]]{1,256}))\k<run>(?![^\s"',{}[\]])`;

/**
 * Secrets whose name and value are members or attributes of their own, in any order:
 * `{"name":"DB_PASSWORD","value":"hunter2"}`, `{name: DB_PASSWORD, value: hunter2}`.
 */
export const PAIR_RULES: readonly RedactionRule[] = [
  {
    expression: new RegExp(
      String.raw`${PAIR_NAME}["']?${PAIR_SEPARATOR}(?<valueMember>\w{0,32}value)(?<valueBreak>${PAIR_BREAK})(?<opening>["']|(?=[^\s"',{}[\]]))`,
      'gi',
    ),
    select: selectPaired,
  },
  {
    expression: new RegExp(
      String.raw`value(?<valueBreak>${PAIR_BREAK})(?<value>${PAIR_VALUE})${PAIR_SEPARATOR}(?<namePart>\w{0,32})${PAIR_NAME}(?![\w.-])`,
      'gi',
    ),
    select: selectBeforeName,
  },
];

/** The value after the name of its pair, at the end of the match; null if it is prose. */
function selectPaired(match: RegExpExecArray, text: string): Range | null {
  const { nameBreak = '', nameQuote, valueMember = '', valueBreak = '', opening = '' } = match.groups ?? {};
  if (!isQuoted(nameBreak) && !startsWord(text, match.index)) return null;
  if (!isQuoted(valueBreak) && !startsWord(valueMember, valueMember.length - 'value'.length)) return null;
  const from = match.index + match[0].length;
  const isSure = opening !== '' && (nameQuote !== '' || !isTokenWord(match));
  // Only the start of a value that may be prose is read, because the search continues within it.
  const probe = text.slice(from, from + 64);
  if (!isSure && !isPairSecret(match, probe.slice(0, selectMember(probe, 0, opening).end))) return null;
  return selectMember(text, from, opening);
}

/** The value of a member from an index: without quotes, up to the end of the member. */
function selectMember(text: string, start: number, opening: string): Range {
  return opening === '' ? matchFrom(FLOW_VALUE, text, start) : selectValue(text, start, opening);
}

/** The value before the name of its pair, without its quotes; null if it is prose or has a name before it. */
function selectBeforeName(match: RegExpExecArray, text: string): Range | null {
  const { namePart = '', nameWord = '', nameBreak = '', valueBreak = '', value = '' } = match.groups ?? {};
  const nameMember = namePart + nameWord;
  if (!isQuoted(nameBreak) && !startsWord(nameMember, namePart.length)) return null;
  if (!isQuoted(valueBreak) && !startsWord(text, match.index)) return null;
  const start = match.index + 'value'.length + valueBreak.length;
  const quote = /^["']/.test(value) ? 1 : 0;
  const range = { start: start + quote, end: start + value.length - quote };
  const isSure = quote > 0 && (isQuoted(nameBreak) || !isTokenWord(match));
  if (!isSure && !isPairSecret(match, text.slice(range.start, range.end))) return null;
  return hasNameBefore(text, match.index, nameMember) ? null : range;
}

/** Whether a value that may be prose is a secret: by its separators, the name of a password, or its form. */
function isPairSecret({ groups = {} }: RegExpExecArray, value: string): boolean {
  const { nameBreak, valueBreak, name = '' } = groups;
  return (nameBreak === '=' && valueBreak === '=') || PASSWORD.test(name) || isLikeSecret(value);
}

/** Whether the name of a pair is only `token`: prose about languages has this name as well. */
function isTokenWord({ groups = {} }: RegExpExecArray): boolean {
  return groups.namePrefix === '' && /^token$/i.test(groups.name ?? '');
}

/** Whether a member has quotes: the one that closes them is before its value. */
function isQuoted(pairBreak: string): boolean {
  return /^["']/.test(pairBreak);
}

/** Whether a word starts at an index, also within a longer one: `ParameterKey` and `env_key`, not `monkey`. */
function startsWord(text: string, index: number): boolean {
  const before = text[index - 1] ?? '';
  return !/[a-z0-9]/i.test(before) || (/[a-z0-9]/.test(before) && /[A-Z]/.test(text[index] ?? ''));
}

/** Length of the text that is searched for a name before a value. */
const NAME_BEFORE_LENGTH = 128;

/** The member that names the value after it, whatever its name is. */
const NAME_BEFORE = new RegExp(
  String.raw`(?<!\w)(\w{0,32}(?:name|key))${PAIR_BREAK}(?:${PAIR_VALUE})${PAIR_SEPARATOR}\w{0,32}$`,
  'i',
);

/**
 * Whether a value has a name before it already, as the first one of `name=A value=1 name=B value=2`. An
 * object has no member twice: in `{"key":"a","value":"b","name":"c"}` the value belongs to the name after it.
 */
function hasNameBefore(text: string, index: number, nameMember: string): boolean {
  const before = NAME_BEFORE.exec(text.slice(Math.max(0, index - NAME_BEFORE_LENGTH), index));
  return before?.[1]?.toLowerCase() === nameMember.toLowerCase();
}

/** Up to the end of a member of a YAML flow mapping, an object of JavaScript or a struct of Go. */
const FLOW_VALUE = /[^\s,}\]]*/y;
