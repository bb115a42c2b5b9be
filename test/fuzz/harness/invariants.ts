import { Violation } from './violation.js';

// What must hold of every text that people or clients get to see.

const LINE_BREAK = /[\n\r\u0085\u2028\u2029]/;

/** Of an error: one line, and nothing of the inside. */
export function mustBeOneLine(text: string, what: string): void {
  if (text === '') throw new Violation(`${what} is empty`);
  if (LINE_BREAK.test(text)) throw new Violation(`${what} is more than one line`, text);
  mustNotLeak(text, what);
}

/**
 * What tells of the inside: a frame of a stack, one of our own files, or that something went wrong of which nothing is
 * known. Inputs are made of nothing that looks like it, so what has it is no echo.
 */
const LEAK =
  /\n\s+at \S|\(node:|node_modules|file:\/\/|\.[cm]?[jt]s:\d+|\/src\/\w+\/|\binternal\b|unexpected error|cannot read propert|is not a function|is not iterable|maximum call stack|out of memory/i;

/** Of everything that a client gets: no stack, no path of ours, no "Internal". */
export function mustNotLeak(text: string, what: string): void {
  const leak = LEAK.exec(text);
  if (leak) throw new Violation(`${what} leaks ${JSON.stringify(leak[0])}`, around(text, leak.index));
}

function around(text: string, index: number): string {
  return text.slice(Math.max(0, index - 150), index + 150);
}
