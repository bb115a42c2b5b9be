import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileConditions, compileGlob } from '../../src/model/target-filter.js';

describe('compileGlob', () => {
  it.each([
    ['api:serve', 'api:*', true],
    ['api:serve', '*:serve', true],
    ['api:serve', 'api', false],
    ['api:serve', 'api?serve', true],
    ['api:serve', '*', true],
    ['', '*', true],
    ['', '?', false],
    ['', '', true],
    ['abc', 'a*c*', true],
    ['abcd', 'a*c', false],
    ['a.c', 'a.c', true],
    ['abc', 'a.c', false],
    ['*', '*', true],
  ])('%s against %s is %s', (text, pattern, expected) => {
    expect(compileGlob(pattern)(text)).toBe(expected);
  });

  it('agrees with the equivalent regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(text, letters, (candidate, pattern) => {
        const source = pattern.replaceAll('*', '.*').replaceAll('?', '.');
        expect(compileGlob(pattern)(candidate)).toBe(new RegExp(`^${source}$`).test(candidate));
      }),
    );
  });

  it('is fast for a pattern on which a regular expression takes exponential time', () => {
    expect(compileGlob(`${'*a'.repeat(50)}b`)('a'.repeat(10_000))).toBe(false);
  });
});

describe('compileConditions', () => {
  it('compares the labels of a resource once for all of its targets', () => {
    const compared: string[] = [];
    const resource = (name: string, labels: readonly string[] | null) => ({
      get labels() {
        compared.push(name);
        return labels;
      },
    });
    const known = new Map([
      ['api', resource('api', ['team-a', 'backend'])],
      ['web', resource('web', ['frontend'])],
      ['db', resource('db', null)],
    ]);
    const isBackend = compileConditions({ label: 'back*' })(known);
    const select = (...resources: string[]) =>
      isBackend({ name: 'x', phase: 'READY', type: 'SERVER', resources });
    for (let again = 0; again < 3; again += 1) {
      expect(select('web', 'db', 'api', 'nobody')).toBe(true);
      expect(select('db', 'web', 'nobody')).toBe(false);
      expect(select()).toBe(false);
    }
    expect(compared.sort()).toEqual(['api', 'db', 'web']);
  });
});
