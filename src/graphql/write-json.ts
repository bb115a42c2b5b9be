import type { Pacer } from './pacer.js';

/** A value with no more parts than this is written in one go: about a millisecond. */
const SMALL_PARTS = 2_000;

/** A value whose texts are longer together is written in parts. */
const SMALL_CHARACTERS = 2 ** 18;

/** A value's JSON is longer than it may be. */
export class TooLongError extends Error {
  override readonly name = 'TooLongError';
}

/** Whether the JSON of a value has at most so many characters, as long as none has to be escaped, and so many parts. */
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
    // A pair of each name and member, as of `Object.entries`, would cost more than the rest.
    for (const name of Object.keys(part)) {
      left -= name.length + 4;
      if (!take(Reflect.get(part, name))) return false;
    }
    return true;
  }
}

/**
 * The JSON of a value, written in parts with pauses between them.
 *
 * @param maxBytes rejects with a {@link TooLongError} above it, before more is written
 */
export async function writeJson(value: unknown, pacer: Pacer, maxBytes: number): Promise<string> {
  const pieces: string[] = [];
  let bytes = 0;
  await write(value);
  return pieces.join('');

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
    bytes += Buffer.byteLength(piece);
    if (bytes > maxBytes) throw new TooLongError();
  }
}

function isSmall(value: unknown): boolean {
  return isWithin(value, SMALL_CHARACTERS, SMALL_PARTS);
}
