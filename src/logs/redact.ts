import { RE2JS, RE2JSException } from 're2js';
import { CODE_ESCAPE, decodeEscapes } from './escapes.js';
import { DEFAULT_RULES, HINT } from './redaction-rules.js';
import type { RedactionRule } from './secret-form.js';
import { removeStyles, splitStyles } from './styled-text.js';
import type { Range } from './text-range.js';

/** Replaces secrets in lines. */
export interface Redactor {
  /** Replaces the secrets of a line by `[REDACTED]`. Its styles (SGR) stay. */
  redact(text: string): string;
}

const REPLACEMENT = '[REDACTED]';

/** Length limit of a pattern, in characters. */
const MAX_PATTERN = 1_000;

/**
 * Size limit of a compiled pattern, in instructions. The time of a search is proportional to it: a line of
 * 16 KB takes up to 0.4 s with 1,000. A repetition counts as often as it may repeat: `[a-z]{20,500}` has 982.
 */
const MAX_INSTRUCTIONS = 1_000;

/**
 * Matches of a pattern in a line. Behind the last one the rest of the line is redacted: the search for each
 * match may read the whole rest, so that without a limit the time would be quadratic.
 */
const MAX_MATCHES = 50;

/**
 * Creates a redactor of the default secrets (`DEFAULT_RULES`) and of patterns. A pattern is a regular
 * expression of RE2 (no look-around, no back-references), which matches in linear time. If it has capture
 * groups, only the first one that took part is replaced. Patterns match the plain text: a style within a
 * secret does not hide it. Throws for a pattern that is not valid.
 */
export function createRedactor(patterns: readonly string[]): Redactor {
  const expressions = patterns.map(compilePattern);

  return {
    redact(text) {
      const plain = removeStyles(text);
      const ranges = findSecrets(plain);
      for (const expression of expressions) applyPattern(expression, plain, ranges);
      return ranges.length === 0 ? text : replaceRanges(text, mergeRanges(ranges));
    },
  };
}

function compilePattern(pattern: string): RE2JS {
  if (pattern === '') throw new Error('Invalid redaction pattern: it is empty.');
  if (pattern.length > MAX_PATTERN) {
    throw new Error(
      `Invalid redaction pattern: ${pattern.length} characters; at most ${MAX_PATTERN} are allowed.`,
    );
  }
  const expression = parsePattern(pattern);
  const size = expression.programSize();
  if (size > MAX_INSTRUCTIONS) {
    throw new Error(
      `Invalid redaction pattern ${JSON.stringify(pattern)}: it has ${size} instructions; at most ${MAX_INSTRUCTIONS} are allowed. Lower the limits of its repetitions.`,
    );
  }
  if (EMPTY_PROBES.some((text) => matchesEmptyText(expression, text))) {
    throw new Error(
      `Invalid redaction pattern ${JSON.stringify(pattern)}: it matches the empty text. Remove its empty alternative, or require at least one character.`,
    );
  }
  return expression;
}

/** Texts in which patterns such as `x*`, `secret|` and `\b` match between two characters. */
const EMPTY_PROBES = ['', 'a b'];

function matchesEmptyText(expression: RE2JS, text: string): boolean {
  const matcher = expression.matcher(text);
  while (matcher.find()) if (matcher.start() === matcher.end()) return true;
  return false;
}

function parsePattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, '');
    throw new Error(
      `Invalid redaction pattern ${JSON.stringify(pattern)}: ${reason}. Expected a regular expression of RE2.`,
      { cause: error },
    );
  }
}

/** Finds the default secrets of a line, also those within escapes. */
function findSecrets(line: string): Range[] {
  // A code may stand for a letter of a name, or for the colon of a URL: no hint is seen in the line itself.
  if (!HINT.test(line) && !CODE_ESCAPE.test(line)) return [];
  return decodeEscapes(line).flatMap(({ text, indexes }) => {
    if (!HINT.test(text)) return [];
    const ranges: Range[] = [];
    for (const rule of DEFAULT_RULES) applyRule(rule, text, ranges);
    if (indexes === null) return ranges;
    return ranges.map(({ start, end }) => ({ start: indexes[start] ?? 0, end: indexes[end] ?? line.length }));
  });
}

function applyRule({ expression, select }: RedactionRule, text: string, ranges: Range[]): void {
  expression.lastIndex = 0;
  for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
    const range = select(match, text);
    if (range === null || range.end <= range.start) continue;
    ranges.push(range);
    expression.lastIndex = Math.max(expression.lastIndex, range.end);
  }
}

function applyPattern(expression: RE2JS, text: string, ranges: Range[]): void {
  // Ten times as fast as a search for the match, and nearly always the end of it.
  if (!expression.test(text)) return;
  const matcher = expression.matcher(text);
  for (let count = 1; matcher.find(); count += 1) {
    const group = firstGroup(matcher);
    const range = { start: matcher.start(group), end: matcher.end(group) };
    if (count === MAX_MATCHES) return void ranges.push({ start: range.start, end: text.length });
    if (range.end > range.start) ranges.push(range);
  }
}

/** The first capture group that took part in a match; 0, the whole match, if no group did. */
function firstGroup(matcher: ReturnType<RE2JS['matcher']>): number {
  for (let group = 1; group <= matcher.groupCount(); group += 1) {
    if (matcher.start(group) >= 0) return group;
  }
  return 0;
}

/** Sorts ranges, and joins those that overlap or touch. */
function mergeRanges(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || last.end < range.start) merged.push(range);
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
  }
  return merged;
}

/** Replaces ranges of the plain text in the styled text. */
function replaceRanges(text: string, ranges: readonly Range[]): string {
  let result = '';
  let offset = 0;
  let next = 0;
  for (const { plain, style } of splitStyles(text)) {
    const end = offset + plain.length;
    let at = offset;
    for (let range = ranges[next]; range !== undefined && range.start < end; range = ranges[next]) {
      if (range.start >= at) result += plain.slice(at - offset, range.start - offset) + REPLACEMENT;
      at = Math.min(range.end, end);
      if (range.end > end) break;
      next += 1;
    }
    result += plain.slice(at - offset) + style;
    offset = end;
  }
  return result;
}
