/**
 * Identifies an update across all streams: `stream * STREAM + n`, which is the `resourceVersion` minus its
 * base.
 */
export type UpdateKey = number;

/** Maximum number of updates in a stream. */
export const STREAM = 1_000_000;

const BASE = 10_000_000;

/** Finds the update of a payload by the first `resourceVersion` in it. Returns -1 for other messages. */
export type FindUpdate = (bytes: Buffer, from: number, to: number) => UpdateKey;

/**
 * Creates a finder. All payloads of a server have the same layout, so the offset of the eight digits of
 * `versionOf` is searched once and then only checked.
 *
 * @param updates maximum number of updates in a stream according to its versions. Default: `STREAM`
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

/** Stream and update that a version stands for. */
export function keyOfVersion(
  version: number,
  updates: number,
): { readonly stream: number; readonly update: UpdateKey } {
  const stream = Math.floor((version - BASE) / updates);
  return { stream, update: stream * STREAM + ((version - BASE) % updates) };
}

/** Value of `conflated` in a payload of `targetChanges`, or 0 if the field is absent. */
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
