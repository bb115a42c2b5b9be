import fc from 'fast-check';

/** Texts that something, somewhere, takes for something else. */
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

/** fast-check's own unit `binary` makes a table of all of them at its first use: a second of work, and 100 MB. */
const anyCodePoints = fc
  .array(fc.nat(0x10_ffff), { maxLength: 10 })
  .map((points) => String.fromCodePoint(...points));

const anyCodeUnits = fc.array(fc.nat(0xffff), { maxLength: 8 }).map((units) => String.fromCharCode(...units));

/** A text that is hard to be right about; short. */
export const awkwardTexts: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...AWKWARD) },
  { weight: 2, arbitrary: fc.string({ maxLength: 10 }) },
  { weight: 1, arbitrary: anyCodePoints },
  { weight: 1, arbitrary: anyCodeUnits },
);

/** How often something is repeated: mostly a few times, now and then far too often. */
export function counts(most: number): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 600, arbitrary: fc.integer({ min: 0, max: Math.min(20, most) }) },
    { weight: 120, arbitrary: fc.integer({ min: 0, max: Math.min(500, most) }) },
    { weight: 20, arbitrary: fc.integer({ min: 0, max: Math.min(8_000, most) }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: most }) },
  );
}

/** An awkward text, now and then a long one. */
export const hostileTexts: fc.Arbitrary<string> = fc.oneof(
  { weight: 12, arbitrary: awkwardTexts },
  { weight: 1, arbitrary: fc.tuple(awkwardTexts, counts(50_000)).map(([text, n]) => text.repeat(n)) },
);

/** Something put in at a place, in place of what was there. */
export interface Splice<T> {
  readonly at: number;
  readonly drop: number;
  readonly insert: T;
}

/** Splices of a text, few or none. */
export function splices<T>(inserts: fc.Arbitrary<T>, most = 3): fc.Arbitrary<Splice<T>[]> {
  const splice: fc.Arbitrary<Splice<T>> = fc
    .tuple(fc.nat(1_000_000), fc.nat(6), inserts)
    .map(([at, drop, insert]) => ({ at, drop, insert }));
  return fc.array(splice, { maxLength: most });
}

/** A text with its splices. */
export function spliced(text: string, all: readonly Splice<string>[]): string {
  return all.reduce((before, { at, drop, insert }) => {
    const place = at % (before.length + 1);
    return before.slice(0, place) + insert + before.slice(place + drop);
  }, text);
}

/** Bytes that are no text, or not the one that they seem to be. */
const BROKEN_BYTES: readonly (readonly number[])[] = [
  [],
  [0],
  [0xff],
  [0xc0, 0x80], // NUL, written too long
  [0xe0, 0x80, 0xaf], // a slash, written too long
  [0xed, 0xa0, 0x80], // half a surrogate pair
  [0xf4, 0x90, 0x80, 0x80], // beyond Unicode
  [0xf0, 0x9f, 0x98], // the beginning of a character
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

/** Any bytes made of others by a few splices; half of them as they were. */
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

/** Where bytes are cut into pieces that are sent one by one; mostly nowhere. */
export const anyCuts: fc.Arbitrary<number[]> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<number[]>([]) },
  { weight: 1, arbitrary: fc.array(fc.nat(1_000), { maxLength: 4 }) },
);
