import fc from 'fast-check';

/** Texts that some parser or escaping rule treats specially. */
const AWKWARD: readonly string[] = [
  '',
  ' ',
  '\0',
  '\ud800',
  '\udfff\ud800',
  '\ufeff',
  '\u2028',
  '\u0085',
  '\r\n',
  '\n',
  '\t',
  '\u202e',
  '👩‍👩‍👧',
  'é',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'toJSON',
  'null',
  'undefined',
  'NaN',
  'true',
  '-0',
  '1e309',
  '0x10',
  '9007199254740993',
  '99999999999999999999999',
  '*',
  '**?*',
  '#',
  '/',
  '../..',
  '%00',
  '%s%n',
  '$a',
  '{{a}}',
  '<script>',
  '"',
  "'",
  '\\',
  '`',
  'tilt-default/Tiltfile',
  'tilt-default/Tiltfile#tiltfile:update',
  'Tiltfile',
  'ID',
  'READY',
];

/**
 * fast-check's own unit `binary` builds a table of all code points on first use, which takes a second and
 * 100 MB.
 */
const anyCodePoints = fc
  .array(fc.nat(0x10_ffff), { maxLength: 10 })
  .map((points) => String.fromCodePoint(...points));

const anyCodeUnits = fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units));

/** A short text that is easy to handle wrongly. */
export const awkwardTexts: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...AWKWARD) },
  { weight: 2, arbitrary: fc.string({ maxLength: 10 }) },
  { weight: 1, arbitrary: anyCodePoints },
  { weight: 1, arbitrary: anyCodeUnits },
);

/** Repetition counts: usually small, rarely very large. */
export function counts(max: number): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 600, arbitrary: fc.integer({ min: 0, max: Math.min(20, max) }) },
    { weight: 120, arbitrary: fc.integer({ min: 0, max: Math.min(500, max) }) },
    { weight: 20, arbitrary: fc.integer({ min: 0, max: Math.min(8_000, max) }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max }) },
  );
}

/** An awkward text, sometimes a long one. */
export const hostileTexts: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: awkwardTexts },
  { weight: 1, arbitrary: fc.tuple(awkwardTexts, counts(50_000)).map(([text, n]) => text.repeat(n)) },
);

/** A replacement at some place. */
export interface Splice<T> {
  readonly at: number;
  readonly drop: number;
  readonly insert: T;
}

/** A few splices, possibly zero. */
export function splices<T>(inserts: fc.Arbitrary<T>, max = 3): fc.Arbitrary<Splice<T>[]> {
  const splice: fc.Arbitrary<Splice<T>> = fc
    .tuple(fc.nat(1_000_000), fc.nat(6), inserts)
    .map(([at, drop, insert]) => ({ at, drop, insert }));
  return fc.array(splice, { maxLength: max });
}

/** Applies splices to a text. */
export function applySplices(text: string, all: readonly Splice<string>[]): string {
  return all.reduce((before, { at, drop, insert }) => {
    const place = at % (before.length + 1);
    return before.slice(0, place) + insert + before.slice(place + drop);
  }, text);
}

/** Byte sequences that are invalid or ambiguous as UTF-8. */
const BROKEN_BYTES: readonly (readonly number[])[] = [
  [],
  [0],
  [0xff],
  [0xc0, 0x80], // NUL, overlong
  [0xe0, 0x80, 0xaf], // a slash, overlong
  [0xed, 0xa0, 0x80], // a lone surrogate
  [0xf4, 0x90, 0x80, 0x80], // above the Unicode range
  [0xf0, 0x9f, 0x98], // an incomplete character
  [0x80],
  [0xef, 0xbb, 0xbf],
  [0xff, 0xfe],
  [0x0d, 0x0a],
  [0x0a],
  [0x1e],
];

const byteInserts = fc
  .oneof(
    { weight: 2, arbitrary: fc.constantFrom(...BROKEN_BYTES) },
    { weight: 1, arbitrary: fc.array(fc.nat(255), { maxLength: 4 }) },
  )
  .map((bytes) => Buffer.from(bytes));

/** Bytes with some splices. Two in three are unchanged. */
export function hostileBytes(bytes: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const few = fc.oneof(
    { weight: 2, arbitrary: fc.constant<Splice<Buffer>[]>([]) },
    { weight: 1, arbitrary: splices(byteInserts, 2) },
  );
  return fc.tuple(bytes, few).map(([before, all]) => all.reduce(spliceBytes, before));
}

function spliceBytes(before: Buffer, { at, drop, insert }: Splice<Buffer>): Buffer {
  const place = at % (before.length + 1);
  return Buffer.concat([before.subarray(0, place), insert, before.subarray(place + drop)]);
}

/** Offsets at which bytes are split into separately sent pieces. Usually empty. */
export const anyCuts: fc.Arbitrary<number[]> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<number[]>([]) },
  { weight: 1, arbitrary: fc.array(fc.nat(1_000), { maxLength: 4 }) },
);
