import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameJson } from '../../src/model/same-json.js';

describe('sameJson', () => {
  it('agrees with isDeepStrictEqual on any two JSON values', () => {
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom({ a: [1, 2] }, { a: { 0: 1, 1: 2 } }, { a: [1] }),
    );
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(sameJson(a, b)).toBe(isDeepStrictEqual(a, b));
        expect(sameJson(a, structuredClone(a))).toBe(true);
      }),
    );
  });

  it.each([
    ['{"a":1}', '{"b":1}'],
    ['{"a":1}', '{"a":1,"b":2}'],
    ['{"a":1,"b":2}', '{"a":1}'],
    ['{"__proto__":{}}', '{"a":{}}'],
    ['[]', '{}'],
    ['{}', 'null'],
    ['[1,2]', '[1]'],
  ])('distinguishes %s from %s', (a, b) => {
    expect(sameJson(JSON.parse(a), JSON.parse(b))).toBe(false);
  });

  it('terminates for a value that contains itself', () => {
    const holdsItself = () => {
      const list: unknown[] = [];
      list.push(list, list);
      return list;
    };
    expect(sameJson(holdsItself(), holdsItself())).toBe(false);
  });
});
