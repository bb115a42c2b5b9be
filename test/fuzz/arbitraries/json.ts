import fc from 'fast-check';
import { applySplices, awkwardTexts, counts, hostileTexts, splices } from './texts.js';

const NUMBERS = [0, -0, 1, -1, 0.1, 1e21, 1e308, 5e-324, 2 ** 31, 2 ** 53, -(2 ** 53) - 2, 2 ** 63];

/** A value with the given nesting depth. */
function nested(depth: number, isList: boolean): unknown {
  let value: unknown = null;
  for (let level = 0; level < depth; level += 1) value = isList ? [value] : { a: value };
  return value;
}

const scalars: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: hostileTexts },
  { weight: 2, arbitrary: fc.constantFrom(...NUMBERS) },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}) },
  { weight: 1, arbitrary: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()) },
);

/** An unexpected JSON value. */
export const hostileValues: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 16, arbitrary: scalars },
  { weight: 2, arbitrary: fc.array(scalars, { maxLength: 4 }) },
  { weight: 2, arbitrary: fc.array(fc.tuple(awkwardTexts, scalars), { maxLength: 4 }).map(toObject) },
  { weight: 1, arbitrary: fc.tuple(counts(1_000), fc.boolean()).map(([depth, list]) => nested(depth, list)) },
);

/** Creates an object with own members of any name, including `__proto__`. */
function toObject(members: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [key, value] of members) define(object, key, value);
  return object;
}

function define(object: object, key: string | number, value: unknown): void {
  // An array in JSON has no length member, and redefining it throws a TypeError.
  if (key === 'length' && Array.isArray(object)) return;
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** A change at some place of a JSON value. */
export interface JsonEdit {
  readonly place: number;
  readonly act: 'replace' | 'remove' | 'repeat' | 'rename' | 'wrap' | 'add';
  readonly key: string;
  readonly value: unknown;
}

const edits: fc.Arbitrary<JsonEdit> = fc.record({
  place: fc.nat(1_000_000),
  act: fc.constantFrom('replace', 'replace', 'remove', 'repeat', 'rename', 'wrap', 'add'),
  key: awkwardTexts,
  value: hostileValues,
});

/** A few edits. */
export const jsonEdits: fc.Arbitrary<JsonEdit[]> = fc.array(edits, { maxLength: 4 });

/** Returns a copy of a JSON value with edits applied. */
export function applyEdits(value: unknown, all: readonly JsonEdit[]): unknown {
  const root = { value: structuredClone(value) };
  for (const edit of all) apply(root, edit);
  return root.value;
}

/** A member of an object or array. */
interface Member {
  readonly parent: object;
  readonly key: string | number;
}

function apply(root: object, { place, act, key, ...edit }: JsonEdit): void {
  // A value shared by two edits would be changed twice by a third, and could become cyclic.
  const value = structuredClone(edit.value);
  const places = findMembers(root);
  const found = places[place % places.length];
  if (!found) return;
  const { parent } = found;
  const present: unknown = Reflect.get(parent, found.key);
  const list = Array.isArray(parent) ? parent : null;
  if (act === 'replace') define(parent, found.key, value);
  else if (act === 'wrap') define(parent, found.key, list ? { [key]: present } : [present]);
  else if (act === 'remove') Reflect.deleteProperty(parent, found.key);
  else if (act === 'repeat' && list) list.push(structuredClone(present), structuredClone(present));
  else if (act === 'add' && typeof present === 'object' && present !== null) define(present, key, value);
  else if (!list && act !== 'add') {
    if (act === 'rename' && parent !== root) Reflect.deleteProperty(parent, found.key);
    define(parent, parent === root ? 'value' : key, structuredClone(present));
  }
}

/** All members at any depth. A hole left in an array by an edit is null in JSON. */
function findMembers(root: object): Member[] {
  const places: Member[] = [];
  const open: object[] = [root];
  for (let parent = open.pop(); parent && places.length < 5_000; parent = open.pop()) {
    for (const key of Object.keys(parent)) {
      places.push({ parent, key });
      const child: unknown = Reflect.get(parent, key);
      if (typeof child === 'object' && child !== null) open.push(child);
    }
  }
  return places;
}

/** Fragments of valid and invalid JSON to insert in wrong places. */
const SNIPPETS: readonly string[] = [
  '"__proto__":{"a":1},',
  '"constructor":{"prototype":{}},',
  '"query":"{__typename}",',
  '"kind":"Session",',
  '"status":null,',
  '"done":true,',
  ',,',
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  '\\ud800',
  '\\u0000',
  '\0',
  '\ufeff',
  '// a\n',
  '/* a */',
  '1e999',
  '-',
  '00',
  '.5',
  'NaN',
  'Infinity',
  'undefined',
  "'a'",
  'null',
  '\n',
  '\u2028',
  ':',
];

/** Text that is almost JSON. One in four is valid. */
export function almostJson(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const few = splices(fc.constantFrom(...SNIPPETS));
  return fc.tuple(values, few).map(([value, all]) => applySplices(JSON.stringify(value) ?? 'null', all));
}

/** Nesting depths: ordinary; near the stack limit of a recursive parser; as deep as a body allows. */
const depths = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 3, arbitrary: fc.integer({ min: 2_000, max: 12_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 12_000, max: 150_000 }) },
);

/** Text with many opening brackets, with or without the closing ones. */
export const bracketBombs: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom('[', '{"a":', '[{"a":', '"', '\\'), depths, fc.boolean())
  .map(([open, count, isClosed]) => open.repeat(count) + (isClosed ? closing(open).repeat(count) : ''));

function closing(open: string): string {
  return Array.from(open)
    .reverse()
    .map((sign) => ({ '[': ']', '{': '}' })[sign] ?? '')
    .join('');
}

/** Placeholder for the deeply nested value. No generated text contains it. */
const DEEP = '"\u2620deep"';

/** JSON with one extremely nested value in some place. */
export function deeplyNested(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const place = fc.nat(1_000_000);
  return fc.tuple(values, place, depths, fc.boolean()).map(([value, at, depth, isList]) => {
    const edit: JsonEdit = { place: at, act: 'replace', key: '', value: JSON.parse(DEEP) };
    const [open, close] = isList ? ['[', ']'] : ['{"a":', '}'];
    const text = JSON.stringify(applyEdits(value, [edit])) ?? DEEP;
    return text.replace(DEEP, `${open.repeat(depth)}${isList ? '' : '1'}${close.repeat(depth)}`);
  });
}
