/** Tells updates apart over all streams: `stream * STREAM + n`, that is what a `resourceVersion` is above its base. */
export type UpdateKey = number;

/** How many updates a stream can have. */
export const STREAM = 1_000_000;

const BASE = 10_000_000;

/** Finds which update a payload is of by the `resourceVersion` at its head; -1 when there is none, in other messages. */
export type FindUpdate = (bytes: Buffer, from: number, to: number) => UpdateKey;

/**
 * All payloads of a server begin alike, so the place is searched for once and then only looked at: the eight digits of
 * `versionOf` between quotes.
 *
 * @param updates how many updates a stream can have by its versions. Default: as many as by its keys
 */
export function createFindUpdate(updates = STREAM): FindUpdate {
  let offset = 0;
  return (bytes, from, to) => {
    if (!isVersion(bytes, from + offset, to)) {
      const found = search(bytes, from, to);
      if (found === null) return -1;
      offset = found - from;
    }
    return keyOfVersion(numberAt(bytes, from + offset), updates).update;
  };
}

/** What a version stands for. */
export function keyOfVersion(
  version: number,
  updates: number,
): { readonly stream: number; readonly update: UpdateKey } {
  const stream = Math.floor((version - BASE) / updates);
  return { stream, update: stream * STREAM + ((version - BASE) % updates) };
}

/** How many updates a payload of `targetChanges` says were folded into it; 0 when it does not say. */
export function findConflated(bytes: Buffer, from: number, to: number): number {
  const [, count] = /"conflated":(\d+)/.exec(bytes.toString('latin1', from, Math.min(to, from + 300))) ?? [];
  return Number(count ?? 0);
}

const NEEDLE = Buffer.from('"resourceVersion":"');
const DIGITS = 8;
const QUOTE = 0x22;
const ZERO = 0x30;
const ONE = 0x31;

function search(bytes: Buffer, from: number, to: number): number | null {
  const found = bytes.subarray(from, to).indexOf(NEEDLE);
  if (found < 0) return null;
  const at = from + found + NEEDLE.length;
  return isVersion(bytes, at, to) ? at : null;
}

function isVersion(bytes: Buffer, at: number, to: number): boolean {
  return at + DIGITS < to && bytes[at - 1] === QUOTE && bytes[at] === ONE && bytes[at + DIGITS] === QUOTE;
}

function numberAt(bytes: Buffer, at: number): number {
  let number = 0;
  for (let index = at; index < at + DIGITS; index += 1) number = number * 10 + (bytes[index] ?? ZERO) - ZERO;
  return number;
}
