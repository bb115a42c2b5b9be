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

/** Maximum number of lines of a key: of a PGP key with several subkeys, for example. */
const MAX_KEY_LINES = 1_000;

/**
 * Other lines in a row that end a key: it was cut, or its first line was only mentioned. Fewer may come from
 * a command that prints at the same time.
 */
const MAX_OTHER_LINES = 10;

/** Maximum number of spans whose keys are followed. Above it, the oldest one is forgotten. */
const MAX_SPANS = 256;

/** A key whose end was not found yet. */
interface Block {
  /** Number of lines that it may still have. */
  left: number;
  /** Number of other lines since the first line of the key, or the last hidden one. */
  others: number;
  /** Whether the previous line is a full line of the key. */
  isAfterKeyText: boolean;
}

/** Creates the state of all spans. */
export function createKeyBlocks(): KeyBlocks {
  const open = new Map<string, Block>();

  return {
    redact(span, styledText) {
      const text = removeStyles(styledText);
      const block = open.get(span);
      if (block === undefined) return begin(span, text);
      const end = text.indexOf(END);
      if (end < 0 && isHidden(block, text)) return '[REDACTED]';
      if (end >= 0 || block.left <= 0 || block.others >= MAX_OTHER_LINES) open.delete(span);
      begin(span, text);
      return end < 0 ? null : `[REDACTED]${text.slice(end)}`;
    },
    clear: () => open.clear(),
  };

  function begin(span: string, text: string): null {
    const start = text.lastIndexOf('-----BEGIN ');
    if (start < 0) return null;
    // A line may have the end of a certificate, or of another key, before the start of a key.
    const last = text.slice(start);
    if (!BEGIN.test(last) || last.includes(END)) return null;
    open.set(span, { left: MAX_KEY_LINES, others: 0, isAfterKeyText: false });
    if (open.size > MAX_SPANS) for (const oldest of open.keys()) return drop(oldest);
    return null;
  }

  function drop(span: string): null {
    open.delete(span);
    return null;
  }
}

/**
 * Whether a line is a part of the key, by its content. It may have a prefix and a suffix. The line after a
 * full line may be the last, short one, and is hidden whatever it is.
 */
function isHidden(block: Block, text: string): boolean {
  block.left -= 1;
  if (block.left < 0 || text.trim() === '') return false;
  const isKeyText = hasKeyText(text);
  const isPart = isKeyText || block.isAfterKeyText || (block.others === 0 && WORD.test(text));
  block.isAfterKeyText = isKeyText;
  block.others = isPart ? 0 : block.others + 1;
  return isPart;
}

/** A line that may be a short part of a key: one word, or a prefix and a long word. */
const WORD = /(?:^\s*|\s(?=\S{16}))[A-Za-z0-9+/=]+\s*$/;

/** A run of Base64, in which JSON may escape the slash. */
const BASE64 = /[A-Za-z0-9+/=\\]{16,}/g;

/** Whether a line has a run of Base64 with all kinds of characters. Paths, names and hex rarely have them. */
function hasKeyText(text: string): boolean {
  const runs = text.match(BASE64) ?? [];
  return runs.some((run) => /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run));
}
