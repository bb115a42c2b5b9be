/**
 * A text as one line, however many it came in: names, errors and files from outside may have line breaks where nobody
 * expects them, and a log or a terminal would show what follows as a line of its own. Empty when nothing is said.
 */
export function oneLine(text: string): string {
  const lines = text.split(LINE_BREAKS).map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}

/** All that Unicode calls one (UAX 14), which is more than `\s` and `.` of a regular expression know of. */
const LINE_BREAKS = /[\n\v\f\r\u0085\u2028\u2029]+/;
