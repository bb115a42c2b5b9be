import { isLikeSecret, PASSWORD, type RedactionRule, SECRET_NAME, selectValue } from './secret-form.js';
import { matchFrom, type Range } from './text-range.js';

/** Quote after a name, operator. */
const OPERATOR = String.raw`(["']?)(\s{0,64}(?::=|=>|[:=])\s{0,64})`;

/** An assignment or a member of JSON: name, quote after it, operator, quote before the value. */
const ASSIGNMENT = String.raw`(${SECRET_NAME})${OPERATOR}(\\{0,15}["'])?`;

/** The name `pass` and a quoted value: without quotes it is a result (`pass: 12`). */
const PASS = String.raw`(?<![\w-])pass${OPERATOR}(\\{0,15}["'])`;

/** Values of assignments and of members of JSON whose name ends with that of a secret. */
export const ASSIGNMENT_RULES: readonly RedactionRule[] = [
  {
    expression: new RegExp(ASSIGNMENT, 'gi'),
    select: selectValueAssigned,
  },
  {
    expression: new RegExp(ASSIGNMENT, 'gi'),
    select: selectContainer,
  },
  {
    expression: new RegExp(ASSIGNMENT, 'gi'),
    select: selectContainerValue,
  },
  {
    expression: new RegExp(PASS, 'gi'),
    select: selectPass,
  },
];

/** An assigned value that is no list or object. */
function selectValueAssigned(match: RegExpExecArray, text: string): Range | null {
  return opensContainer(match, text) || isPartOfName(match, text) ? null : selectAssigned(match, text);
}

/**
 * Whether a colon continues a name: of a path (`auth::password::tests`), or of a service or an image, which
 * often end with `-auth` (`http://user-auth:8080`, `user-auth:tilt-1a2b3c`), unlike headers such as `X-Auth`.
 */
function isPartOfName(match: RegExpExecArray, text: string): boolean {
  const [all, name = '', quote, operator = '', opening] = match;
  const from = match.index + all.length;
  const isPath = operator.endsWith(':') && /^:[a-z_<{*]/i.test(text.slice(from, from + 2));
  if (isPath && opening === undefined) return true;
  const isHeader = /\bx(?:-[\w-]{0,32})?$/i.test(text.slice(Math.max(0, match.index - 36), match.index));
  return (
    name.toLowerCase() === '-auth' && !isHeader && quote === '' && operator === ':' && opening === undefined
  );
}

/**
 * An assigned list or object that holds no other. A rule of its own searches for it: the search continues
 * after a value, and would miss the names in this one.
 */
function selectContainer(match: RegExpExecArray, text: string): Range | null {
  if (!opensContainer(match, text)) return null;
  const whole = matchFrom(CONTAINER, text, match.index + match[0].length);
  return selectAssigned(match, text.slice(0, whole.end)) && whole;
}

/**
 * A value that starts as a list or object: in `{noop}hunter2` the value goes on after the bracket. Only the
 * end of a member of JSON is certain. A rule of its own, so that the lists and objects in it are found too.
 */
function selectContainerValue(match: RegExpExecArray, text: string): Range | null {
  if (!opensContainer(match, text)) return null;
  const member = matchFrom(MEMBER_CONTAINER, text, match.index + match[0].length);
  return match[2] !== '' && member.end > member.start ? member : selectAssigned(match, text);
}

/** Before the value is read, so that names in each other take linear time. */
function opensContainer({ 0: all, 4: opening = '', index }: RegExpExecArray, text: string): boolean {
  return opening === '' && /[[{]/.test(text[index + all.length] ?? '');
}

/** The quoted value of `pass`; null if it is a result of tests. */
function selectPass(match: RegExpExecArray, text: string): Range | null {
  const [all, quote, operator = '', opening = ''] = match;
  const from = match.index + all.length;
  const start = readStart(text, from, opening);
  if (TEST_RESULT.test(start)) return null;
  const before = text.slice(Math.max(0, match.index - 16), match.index);
  const isMember = quote !== '' || /[{[(,]\s{0,8}$/.test(before);
  const isProse = operator.trim() === ':' && (/\s/.test(start) || followsWord(match, text));
  return isProse && !isMember ? null : selectValue(text, from, opening);
}

/** A result of tests, or the number of those that passed: `<suite pass="12" fail="0"/>`. */
const TEST_RESULT = /^(?:\d{1,3}(?:(?:[.,/]| of )\d{1,3})?%?|true|false|yes|no|ok|pass(?:ed)?)$/i;

/** The start of a value. The rest of prose is not read, because the search continues within it. */
function readStart(text: string, from: number, opening: string): string {
  const probe = text.slice(from, from + 64);
  return probe.slice(0, selectValue(probe, 0, opening).end);
}

/** The value of an assignment or of a member of JSON; null if it is prose or a comparison. */
function selectAssigned(match: RegExpExecArray, text: string): Range | null {
  const [all, name = '', quote, operator, opening = ''] = match;
  if (name.includes(' ') && isElement(match, text)) return null;
  const from = match.index + all.length;
  const start = readStart(text, from, opening);
  if (opening === '' && /^[=>]/.test(start)) return null;
  if (name === 'PWD' && isWorkingFolder(match, text)) return null;
  const isMember = quote !== '' && closesName(match, text);
  if (quote !== '' && opening === '') {
    if (matchFrom(EMPTY_LITERAL, text, from).end > from) return null;
    const number = matchFrom(NUMBER_LITERAL, text, from);
    if (number.end > from) return isMember || number.end - from >= MIN_NUMBER ? number : null;
  }
  // A parser reports the token that it found: `token: '}'`.
  const isWord = /^token$/i.test(name) && (followsWord(match, text) || !/\w/.test(start));
  const isName = quote === '' ? PASSWORD.test(name) || (opening !== '' && !isWord) : isMember;
  if (!isName && operator !== '=' && !isLikeSecret(start)) return null;
  const isPart = opening === '' && isParameter(text, match.index);
  return isPart ? matchFrom(PARAMETER_VALUE, text, from) : selectValue(text, from, opening);
}

/**
 * Whether the quote after a name closes the name of a member, and not a text of an error that follows after a
 * colon: `open "/run/token": EOF`. Such an error does not start with a quote or a bracket. A quoted
 * `password` alone is taken for a name: to show a secret is worse than to hide an error.
 */
function closesName(match: RegExpExecArray, text: string): boolean {
  if (match[3]?.trim() !== ':' || match[4] !== undefined || opensContainer(match, text)) return true;
  const before = text.slice(Math.max(0, match.index - MAX_MEMBER_START), match.index);
  return MEMBER_START.test(before) || (PASSWORD.test(match[1] ?? '') && /\s["']$/.test(before));
}

/** The start of a member up to its name, also in a table or a diff, and after an indentation. */
const MEMBER_START =
  /(?:(?:^\s?|\s\s|[\n{[(,|+<>~*│-]\s?)[bu]?["'][\w .-]{0,64}|[{[,]\s{0,64}[bu]?["'][^"'\n]{0,64})$/i;
/** Longer than the longest start: `^` is only the start of the line. */
const MAX_MEMBER_START = 132;

/** Digits of a number that is redacted after a text of an error too: `"…/token": 404` is a status. */
const MIN_NUMBER = 8;

/** Whether the name is a word of a sentence: `Unexpected token: 'x'`. */
function followsWord({ index }: RegExpExecArray, text: string): boolean {
  return /[\w)]\s{1,8}$/.test(text.slice(Math.max(0, index - 16), index));
}

/** Whether a name with a space is an element and its attribute: `<access key="main"/>`. */
function isElement({ 3: operator = '', index }: RegExpExecArray, text: string): boolean {
  return operator.trim() === '=' && ELEMENT_START.test(text.slice(Math.max(0, index - 64), index));
}

/** Up to the name of an element or its last word, also with an escape of HTML or JSON. */
const ELEMENT_START = /(?:<|&lt;|\\u003c)[\w:.-]*$/i;

/**
 * Whether `PWD` or `OLDPWD` is the folder of a shell: an absolute path up to its end, in doubt not. In a
 * connection string the name follows a semicolon.
 */
function isWorkingFolder({ 0: all, 4: opening = '', index }: RegExpExecArray, text: string): boolean {
  if (!/(?:^|["']|(?<!;\s{0,4})\s)(?:OLD)?$/.test(text.slice(Math.max(0, index - 8), index))) return false;
  const path = matchFrom(ABSOLUTE_PATH, text, index + all.length);
  if (path.end === path.start) return false;
  const after = text.slice(path.end, path.end + opening.length + 2);
  return opening === '' ? AFTER_PATH.test(after) : after.startsWith(opening) && AFTER_QUOTED_PATH.test(after);
}

const ABSOLUTE_PATH = /\/[\w./+@~-]*/y;
/** The quote that closes the string: shells and SQL continue a value with another quote or a letter. */
const AFTER_QUOTED_PATH = /^\\{0,15}["'](?:[\s,\]})]|$)/;
/** The end of a path without quotes. A comma may be a part of a password. */
const AFTER_PATH = /^(?:\s|$|,(?:\s|$)|["'](?:[\s,\]})]|$))/;

/** The end of a member of JSON: a bracket, or a comma before the next member. In doubt the value goes on. */
const MEMBER_END = String.raw`(?=\s{0,8}(?:$|[}\]](?!\w)|,\s{0,8}(?:["']|$)))`;
/** A value that is no secret, in JSON, Python and Ruby. */
const EMPTY_LITERAL = new RegExp(`(?:null|true|false|None|True|False|nil|undefined)${MEMBER_END}`, 'y');
/** A number may be a PIN. In compact JSON the other members follow without white space. */
const NUMBER_LITERAL = new RegExp(String.raw`-?\d[\d.eE+-]{0,64}${MEMBER_END}`, 'y');

/**
 * A list or object that holds no other. Brackets in its strings do not end it. It has no backslash outside
 * of a string: all searches then escape the same characters, so that two of them differ in whether they are
 * in a string, and in which one. At most three read the same character, in any line.
 */
const CONTAINED = String.raw`(?:[^[\]{}"'\\]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*`;
const STRICT_CONTAINER = String.raw`\[${CONTAINED}\]|\{${CONTAINED}\}`;
/** The same with quotes that are not those of strings, up to the first bracket: `[it's x]`. */
const CONTAINER = new RegExp(String.raw`${STRICT_CONTAINER}|\[[^[\]{}]*\]|\{[^[\]{}]*\}`, 'sy');
const MEMBER_CONTAINER = new RegExp(`(?:${STRICT_CONTAINER})${MEMBER_END}`, 'sy');

/** Whether a name is that of a parameter of a URL, whose value ends at the next parameter. */
function isParameter(text: string, index: number): boolean {
  return /(?:[?&]|\\u0026|%26)[\w.-]*$/.test(text.slice(Math.max(0, index - 64), index));
}

/** Up to the next parameter of a URL. */
const PARAMETER_VALUE = /(?:[^\s&#\\]|\\(?!u0026))*/y;
