import { Violation } from './violation.js';

// Invariants of every text that users or clients receive.

const LINE_BREAK = /[\n\r\u0085\u2028\u2029]/;

/** Asserts that an error text is a single line without internal details. */
export function assertOneLine(text: string, what: string): void {
  if (text === '') throw new Violation(`${what} is empty`);
  if (LINE_BREAK.test(text)) throw new Violation(`${what} has more than one line`, text);
  assertNoLeak(text, what);
}

/**
 * Internal details: a stack frame, one of our files, or the message of an unexpected error. Inputs contain
 * nothing similar, so a match is no echo of the input.
 */
const LEAK =
  /\n\s+at \S|\(node:|node_modules|file:\/\/|\.[cm]?[jt]s:\d+|\/src\/\w+\/|\binternal\b|unexpected error|cannot read propert|is not a function|is not iterable|maximum call stack|out of memory/i;

/** Asserts that a text for clients contains no stack, no path of ours and no "Internal". */
export function assertNoLeak(text: string, what: string): void {
  const leak = LEAK.exec(text);
  if (leak) throw new Violation(`${what} leaks ${JSON.stringify(leak[0])}`, around(text, leak.index));
}

function around(text: string, index: number): string {
  return text.slice(Math.max(0, index - 150), index + 150);
}
