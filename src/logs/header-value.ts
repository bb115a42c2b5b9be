import { matchFrom, type Range } from './text-range.js';

/**
 * Between the name of a header and its value: in HTTP, JSON, CGI, Go (`map[Cookie:[a=b]]`) and Ruby. The
 * first two groups are the quotes that close the name and open the value.
 */
export const HEADER_OPENING = '(["\'`])?\\s{0,8}(?:=>|[:=])\\s{0,8}\\[?\\s{0,8}(["\'`])?';

/**
 * The same where both are elements of a list: in Python (`(b'cookie', b'a=b')`), Elixir (`{"cookie", "a=b"}`)
 * and Node.js (`rawHeaders`). The value has to start as one of the header, because lists of names are common.
 */
export const LIST_OPENING = '(["\'`])\\s{0,8},\\s{0,8}[bru]?(["\'`])';

/** Start of the value of `Cookie` and `Set-Cookie`: the name of the first cookie. */
export const COOKIE_START = String.raw`(?=[\w!#$%&*+.^|~-]{1,128}=)`;

/**
 * Selects the value of a header that may contain quotes, such as JSON in a cookie. The expression of the
 * match has `HEADER_OPENING` or `LIST_OPENING` and ends where the value starts.
 *
 * The quote that opens the value ends it, and so does the quote of a string that contains the header
 * (`-H 'Cookie: a=b'`). Without such a quote the rest of the line is the value: a quote within it may be a
 * part of a cookie (RFC 6265, section 4.1.1), and browsers send JSON without encoding.
 */
export function selectHeader(match: RegExpExecArray, text: string): Range {
  const start = match.index + match[0].length;
  const end = findListEnd(text, start, findEnd(match, text));
  // The search continues there. A quote that opened in the value may have closed the name of the next header.
  const [name = ''] = HEADER_NAME.exec(text.slice(start, end).slice(-MAX_NAME)) ?? [];
  return { start, end: end - name.length };
}

const HEADER_NAME = /(?:cookie|authorization)(?:["'`]\s{0,8}[:=]>?\s{0,8})?$/i;
const MAX_NAME = 32;

/** Returns the expression for the rest of the string, or of the line, that is the value. */
function findEnd(match: RegExpExecArray, text: string): RegExp {
  const [, nameQuote, quote] = match;
  if (quote !== undefined) return endOf(STRING_ENDS, quote);
  return nameQuote === undefined ? endOfStringAround(text, match.index) : REST_OF_LINE;
}

/** End of the first string of a list, or of the last one that follows it and starts with a cookie. */
function findListEnd(text: string, start: number, first: RegExp): number {
  let { end } = matchFrom(first, text, start);
  for (;;) {
    NEXT_STRING.lastIndex = end;
    const next = NEXT_STRING.exec(text);
    if (next === null) return end;
    end = matchFrom(endOf(STRING_ENDS, next[1]), text, end + next[0].length).end;
  }
}

/** Between two cookies of a list. */
const NEXT_STRING = new RegExp(`["'\`]\\s{0,8},\\s{0,8}(["'\`])${COOKIE_START}`, 'y');

const REST_OF_LINE = /[^\r\n]*/y;

/** A string within a string with the same quotes: `theme="dark"; sid=x`, or of JSON: `{"a":"b"}`. */
const INNER_STRING = String.raw`"(?<==")(?:[^\s",:;)\]}][^"\r\n]*"|[^"\r\n]*"(?=\s{0,8};|"))|"(?<=[{[:,]\s?")[^"\r\n]*"(?=\s{0,8}[:,}\]])`;

/** Quotes that are doubled (YAML, SQL), outside of the quotes (shells), apostrophes, or within JSON. */
const INNER_QUOTES = String.raw`'(?:\\'|"'")?'|(?<=\w)'(?=\w)|'(?<=[{[:,]\s?')[^'\r\n]*'(?=\s{0,8}[:,}\]])`;

/** Content up to the quote that ends a string, by this quote. Backslashes escape quotes. */
const STRING_ENDS: ReadonlyMap<string, RegExp> = new Map([
  ['"', new RegExp(String.raw`(?:[^"\\\r\n]|\\.|${INNER_STRING})*`, 'y')],
  ["'", new RegExp(String.raw`(?:[^'\\\r\n]|\\.|${INNER_QUOTES})*`, 'y')],
  ['`', /(?:[^`\\\r\n]|\\.)*/y],
]);

/** The same for a string of several lines, up to the end of the line. */
const LINE_ENDS: ReadonlyMap<string, RegExp> = new Map([
  ['"', new RegExp(String.raw`(?:[^"\\\r\n]|\\[^nr]|${INNER_STRING})*`, 'y')],
  ["'", new RegExp(String.raw`(?:[^'\\\r\n]|\\[^nr]|${INNER_QUOTES})*`, 'y')],
]);

/** The start of a value whose end is found in a text without escapes. */
const ESCAPED = /[^"'\\\r\n]*/y;

/** Characters before a header in which the string that contains it is searched. */
const MAX_BEFORE = 512;

/** Returns the expression for the rest of the string that contains a header, or of the line. */
function endOfStringAround(text: string, index: number): RegExp {
  const before = text.slice(Math.max(0, index - MAX_BEFORE), index);
  const opening = HEADER_IN_QUOTES.exec(before.slice(-MAX_PREFIX));
  if (opening !== null) return opening[1] === '' ? endOf(STRING_ENDS, opening[2]) : ESCAPED;
  const at = Math.max(findOpening(before, '"'), findOpening(before, "'"));
  if (at < 0) return REST_OF_LINE;
  return before[at - 1] === '\\' ? ESCAPED : endOf(LINE_ENDS, before[at]);
}

function endOf(expressions: ReadonlyMap<string, RegExp>, quote: string | undefined): RegExp {
  return expressions.get(quote ?? '') ?? REST_OF_LINE;
}

/** Characters of the name of a header before its last word, and of an escaped quote. */
const MAX_PREFIX = 48;

/** The start of a string that is the header: `'Set-Cookie: a=b'`, `"HTTP_COOKIE=a=b"`. */
const HEADER_IN_QUOTES = /(\\{0,15})(["'])[\w-]{0,32}$/;

/** Index of the last quote of a kind, without apostrophes, if it opens a string; -1 otherwise. */
function findOpening(text: string, quote: string): number {
  for (let at = text.lastIndexOf(quote); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(quote, at - 1)) {
    if (isOpening(text, at)) return at;
    if (!isApostrophe(text, at)) return -1;
  }
  return -1;
}

function isApostrophe(text: string, at: number): boolean {
  return text[at] === "'" && /\w/.test(text[at - 1] ?? '') && /\w/.test(text[at + 1] ?? '');
}

/** Whether a quote opens a string, by the characters around it. In doubt it does not: more is hidden. */
function isOpening(text: string, at: number): boolean {
  return (
    BEFORE_OPENING.test(text.slice(Math.max(0, at - 20), at)) && /[^\s,:;)\]}=]/.test(text[at + 1] ?? '')
  );
}

/** White space, an operator or a bracket, then the prefix of a literal of Python (`b'…'`), then escapes. */
const BEFORE_OPENING = /(?:^|[\s=:,([{])[bfru]?\\*$|["']\\*$/i;
