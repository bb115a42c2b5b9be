/** Something is not as it must be, whatever the input was. `message` says what, and ends with what was seen. */
export class Violation extends Error {
  override readonly name = 'Violation';

  constructor(what: string, seen: unknown = '') {
    super(seen === '' ? what : `${what}: ${shown(seen)}`);
  }
}

/** A value for a person, on one line of bounded length. */
export function shown(value: unknown, most = 300): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value, replacer) ?? String(value));
  const line = text.replace(/[\n\r\u0085\u2028\u2029]/g, '⏎');
  return line.length > most ? `${line.slice(0, most)}… (${line.length} characters)` : line;
}

function replacer(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
