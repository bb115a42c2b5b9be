import type { Pacer } from './pacer.js';

/** Number of parts up to which a value is written at once: about a millisecond. */
const SMALL_PARTS = 2_000;

/** Total length of texts up to which a value is written at once, in characters. */
const SMALL_CHARACTERS = 2 ** 18;

/** Minimum length of a part of the JSON, except the last, in characters. */
const PART_CHARACTERS = 2 ** 18;

/** The JSON of a value exceeds its maximum length. */
export class TooLongError extends Error {
  override readonly name = 'TooLongError';
}

/**
 * Whether the JSON of a value has at most so many characters, not counting escapes, and at most so many
 * parts.
 */
export function isWithin(value: unknown, characters: number, parts = Number.POSITIVE_INFINITY): boolean {
  let [left, partsLeft] = [characters, parts];
  return take(value);

  function take(part: unknown): boolean {
    partsLeft -= 1;
    left -= typeof part === 'string' ? part.length + 2 : 5;
    if (left < 0 || partsLeft < 0) return false;
    if (typeof part !== 'object' || part === null) return true;
    if (Array.isArray(part)) {
      for (const item of part) if (!take(item)) return false;
      return true;
    }
    // `Object.entries` would cost more than the rest of the loop.
    for (const name of Object.keys(part)) {
      left -= name.length + 4;
      if (!take(Reflect.get(part, name))) return false;
    }
    return true;
  }
}

/** JSON of a value in UTF-8. */
export interface WrittenJson {
  /** Buffers of about {@link PART_CHARACTERS} that follow each other. */
  readonly parts: readonly Buffer[];
  /** The length of all of them. */
  readonly bytes: number;
}

/**
 * Writes the JSON of a value, with pauses. Parts leave the heap as buffers: the whole text never exists.
 *
 * @param maxBytes rejects with a {@link TooLongError} above it, before much more is written
 */
export async function writeJson(value: unknown, pacer: Pacer, maxBytes: number): Promise<WrittenJson> {
  const parts: Buffer[] = [];
  let bytes = 0;
  let pieces: string[] = [];
  let characters = 0;
  await write(value);
  endPart();
  return { parts, bytes };

  async function write(part: unknown): Promise<void> {
    for (let pause = pacer.pause(); pause !== null; pause = pacer.pause()) await pause;
    if (Array.isArray(part) && !isSmall(part)) await writeList(part);
    else if (typeof part === 'object' && part !== null && !isSmall(part)) await writeObject(part);
    else put(JSON.stringify(part) ?? 'null');
  }

  async function writeList(items: readonly unknown[]): Promise<void> {
    put('[');
    let isFirst = true;
    for (const item of items) {
      if (!isFirst) put(',');
      isFirst = false;
      await write(item);
    }
    put(']');
  }

  async function writeObject(object: object): Promise<void> {
    put('{');
    let isFirst = true;
    for (const [name, member] of Object.entries(object)) {
      if (member === undefined) continue;
      put(`${isFirst ? '' : ','}${JSON.stringify(name)}:`);
      isFirst = false;
      await write(member);
    }
    put('}');
  }

  function put(piece: string): void {
    pieces.push(piece);
    characters += piece.length;
    if (bytes + characters > maxBytes) throw new TooLongError();
    if (characters >= PART_CHARACTERS) endPart();
  }

  function endPart(): void {
    const part = Buffer.from(pieces.join(''));
    pieces = [];
    characters = 0;
    bytes += part.length;
    if (bytes > maxBytes) throw new TooLongError();
    parts.push(part);
  }
}

function isSmall(value: unknown): boolean {
  return isWithin(value, SMALL_CHARACTERS, SMALL_PARTS);
}
