import { removeStyles } from './styled-text.js';

/** Finds private keys in PEM format that extend over several lines of a span. */
export interface KeyBlocks {
  /** Returns the redacted line, without styles, if it is part of a key; null for other lines. */
  redact(span: string, text: string): string | null;
  /** Forgets the keys of all spans. */
  clear(): void;
}

const BEGIN = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY/;
const END = '-----END ';

/**
 * Maximum number of lines of a key (8,192 bits). A key without an end, such as one that was cut, ends here.
 */
const MAX_KEY_LINES = 120;

/** Maximum number of spans whose keys are followed. Above it, the oldest one is forgotten. */
const MAX_SPANS = 256;

/** Creates the state of all spans. */
export function createKeyBlocks(): KeyBlocks {
  /** Lines that a key may still have, by span. */
  const open = new Map<string, number>();

  return {
    redact(span, styledText) {
      const text = removeStyles(styledText);
      const left = open.get(span);
      if (left === undefined) return begin(span, text);
      const end = text.indexOf(END);
      open.delete(span);
      if (end < 0 && left > 1) open.set(span, left - 1);
      if (end < 0) return '[REDACTED]';
      begin(span, text);
      return `[REDACTED]${text.slice(end)}`;
    },
    clear: () => open.clear(),
  };

  function begin(span: string, text: string): null {
    const start = text.lastIndexOf('-----BEGIN ');
    if (start < 0) return null;
    // A line may have the end of a certificate, or of another key, before the start of a key.
    const last = text.slice(start);
    if (!BEGIN.test(last) || last.includes(END)) return null;
    open.set(span, MAX_KEY_LINES);
    if (open.size > MAX_SPANS) for (const oldest of open.keys()) return drop(oldest);
    return null;
  }

  function drop(span: string): null {
    open.delete(span);
    return null;
  }
}
