/** Tells whether a text matches a glob as a whole. */
export type Glob = (text: string) => boolean;

/**
 * Compiles a glob: `*` is any text, `?` any one character, everything else is itself. Each part between two stars is searched
 * once, from left to right, so nothing is tried twice: patterns come from clients, and a regular expression that backtracks
 * could be made to take exponential time. A text shorter than the pattern without its stars is rejected at once, so a long
 * pattern costs no more than a short one.
 */
export function compileGlob(pattern: string): Glob {
  const [head = '', ...parts] = pattern.split(/\*+/);
  const tail = parts.pop();
  if (tail === undefined) return (text) => text.length === head.length && isAt(text, head, 0);
  const minLength = parts.reduce((sum, { length }) => sum + length, head.length + tail.length);
  return (text) => {
    const end = text.length - tail.length;
    if (text.length < minLength || !isAt(text, head, 0) || !isAt(text, tail, end)) return false;
    let at = head.length;
    for (const part of parts) {
      const found = find(text, part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= end;
  };
}

/** Where a part first occurs, at or after `from`; -1 when it does not. */
function find(text: string, part: string, from: number): number {
  if (!part.includes('?')) return text.indexOf(part, from);
  for (let at = from; at + part.length <= text.length; at += 1) if (isAt(text, part, at)) return at;
  return -1;
}

function isAt(text: string, part: string, at: number): boolean {
  if (!part.includes('?')) return text.startsWith(part, at);
  for (let index = 0; index < part.length; index += 1) {
    if (part[index] !== '?' && part[index] !== text[at + index]) return false;
  }
  return true;
}
