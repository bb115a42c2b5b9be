import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sessionIdOf } from '../../src/model/session.js';
import { idOf, keyOf, partsOf } from '../../src/nats/key.js';

/** What a key of a NATS bucket may be (ADR-8). */
const VALID_KEY = /^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$/;

const anyText = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({
    unit: fc.constantFrom('a', 'B', '.', '=', '2', 'e', '/', '*', '>', ' ', 'é', '🚀'),
    minLength: 1,
  }),
);
const anyParts = fc.record({ instance: anyText, name: anyText });

describe('the key of a Session', () => {
  it.each([
    ['tilt-default', 'Tiltfile', 'tilt-default.Tiltfile'],
    ['team-a.ci.1234', 'Tiltfile', 'team-a.ci.1234.Tiltfile'],
    ['team-a', 'my.session', 'team-a.my=2esession'],
    ['größe', 'a b', 'gr=c3=b6=c3=9fe.a=20b'],
    ['a*', '>', 'a=2a.=3e'],
    ['a=2e', 'x', 'a=3d2e.x'],
    ['.a', 'x', '=2ea.x'],
    ['a..b', 'x', 'a=2e=2eb.x'],
  ])('of %j and %j is %s', (instance, name, key) => {
    expect(keyOf(instance, name)).toBe(key);
    expect(partsOf(key)).toEqual({ instance, name });
  });

  it('gives the instance and the name again, whatever they are', () => {
    fc.assert(
      fc.property(anyParts, ({ instance, name }) => {
        const key = keyOf(instance, name);
        expect(partsOf(key)).toEqual({ instance, name });
        expect(idOf(key)).toBe(sessionIdOf(instance, name));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is one that NATS takes, whatever it is of', () => {
    fc.assert(
      fc.property(anyParts, ({ instance, name }) => {
        expect(keyOf(instance, name)).toMatch(VALID_KEY);
      }),
      { numRuns: 1_000 },
    );
  });

  it("keeps the instance's dots as borders of tokens, and has one token for the name", () => {
    const tokens = fc.array(fc.string({ unit: fc.constantFrom('a', '=', 'é', ' '), minLength: 1 }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(tokens, anyText, (parts, name) => {
        const keyTokens = keyOf(parts.join('.'), name).split('.');
        expect(keyTokens).toHaveLength(parts.length + 1);
        expect(keyTokens.slice(0, -1).map((token) => partsOf(`${token}.x`)?.instance)).toEqual(parts);
      }),
    );
  });

  it('is never that of another Session', () => {
    fc.assert(
      fc.property(anyParts, anyParts, (one, other) => {
        fc.pre(sessionIdOf(one.instance, one.name) !== sessionIdOf(other.instance, other.name));
        expect(keyOf(one.instance, one.name)).not.toBe(keyOf(other.instance, other.name));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['', 'Tiltfile', '.Tiltfile', 'a.', 'a..b', '.'])('is not %j', (key) => {
    expect(partsOf(key)).toBeNull();
    expect(idOf(key)).toBeNull();
  });
});
