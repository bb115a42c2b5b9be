import type { Pacer } from './pacer.js';

/** Number of nested values up to which a value is written at once: about a millisecond. */
const SMALL_NODES = 2_000;

/** Total length of texts up to which a value is written at once, in characters. */
const SMALL_CHARACTERS = 2 ** 18;

/** Minimum length of a part of the JSON, except the last, in characters. */
const PART_CHARACTERS = 2 ** 18;

/** The JSON of a value exceeds its maximum length. */
export class TooLongError extends Error {
  override readonly name = 'TooLongError';
}

/**
 * Whether the JSON of a value is within limits.
 *
 * @param characters maximum length, not counting escapes
 * @param nodes maximum number of nested values, including the value itself
 */
export function isWithin(value: unknown, characters: number, nodes = Number.POSITIVE_INFINITY): boolean {
  let [charactersLeft, nodesLeft] = [characters, nodes];
  return fits(value);

  function fits(node: unknown): boolean {
    nodesLeft -= 1;
    charactersLeft -= typeof node === 'string' ? node.length + 2 : 5;
    if (charactersLeft < 0 || nodesLeft < 0) return false;
    if (typeof node !== 'object' || node === null) return true;
    if (Array.isArray(node)) {
      for (const item of node) if (!fits(item)) return false;
      return true;
    }
    // `Object.entries` would cost more than the rest of the loop.
    for (const name of Object.keys(node)) {
      charactersLeft -= name.length + 4;
      if (!fits(Reflect.get(node, name))) return false;
    }
    return true;
  }
}

/** JSON of a value in UTF-8. */
export interface WrittenJson {
  /** Buffers of about {@link PART_CHARACTERS} that follow each other. */
  readonly parts: readonly Buffer[];
  /** Total length of the parts. */
  readonly bytes: number;
}

/**
 * Writes the JSON of a value, with pauses, as buffers outside the heap. The JSON never exists as one string.
 *
 * @param maxBytes maximum length; stops soon after it is exceeded and rejects with a {@link TooLongError}
 */
export async function writeJson(value: unknown, pacer: Pacer, maxBytes: number): Promise<WrittenJson> {
  const parts: Buffer[] = [];
  let bytes = 0;
  let pieces: string[] = [];
  let characters = 0;
  await write(value);
  endPart();
  return { parts, bytes };

  async function write(node: unknown): Promise<void> {
    for (let pause = pacer.pause(); pause !== null; pause = pacer.pause()) await pause;
    if (Array.isArray(node) && !isSmall(node)) await writeList(node);
    else if (typeof node === 'object' && node !== null && !isSmall(node)) await writeObject(node);
    else put(JSON.stringify(node) ?? 'null');
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
  return isWithin(value, SMALL_CHARACTERS, SMALL_NODES);
}
