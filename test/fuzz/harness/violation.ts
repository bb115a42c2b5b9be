/** A violated invariant. The message names it and ends with the observed value. */
export class Violation extends Error {
  override readonly name = 'Violation';

  constructor(what: string, seen: unknown = '') {
    super(seen === '' ? what : `${what}: ${formatValue(seen)}`);
  }
}

/** Formats a value as one line of limited length. */
export function formatValue(value: unknown, max = 300): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value, replacer) ?? String(value));
  const line = text.replace(/[\n\r\u0085\u2028\u2029]/g, '⏎');
  return line.length > max ? `${line.slice(0, max)}… (${line.length} characters)` : line;
}

function replacer(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
