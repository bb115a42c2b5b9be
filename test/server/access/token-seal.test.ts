import { describe, expect, it } from 'vitest';
import { createTokenSeal } from '../../../src/server/access/token-seal.js';

const NAME = 'tilt-graphql-4000';
const TOKEN = 'a-token-of-the-tests';

describe('a sealed token', () => {
  it('a sealed token is opened again and again, differs each time, and does not contain the token', () => {
    const { seal, open } = createTokenSeal(null);
    const sealed = seal(TOKEN, NAME);
    expect([open(sealed, NAME), open(sealed, NAME)]).toEqual([TOKEN, TOKEN]);
    expect(sealed).toMatch(/^[\w-]+$/);
    expect(Buffer.from(sealed, 'base64url').includes(TOKEN)).toBe(false);
    expect(seal(TOKEN, NAME)).not.toBe(sealed);
  });

  it('a sealed token is opened with the key of the same secret, and by no other key or cookie', () => {
    const sealed = createTokenSeal('secret').seal(TOKEN, NAME);
    expect(createTokenSeal('secret').open(sealed, NAME)).toBe(TOKEN);
    expect(createTokenSeal('secret').open(sealed, 'tilt-graphql-4001')).toBeNull();
    expect(createTokenSeal('other').open(sealed, NAME)).toBeNull();
    expect(createTokenSeal(null).open(createTokenSeal(null).seal(TOKEN, NAME), NAME)).toBeNull();
  });

  it.each([
    ['empty', () => ''],
    ['a token', () => TOKEN],
    ['a long text', () => 'x'.repeat(4_000)],
    ['shortened', (sealed: string) => sealed.slice(0, -4)],
    ['changed', (sealed: string) => `${sealed.startsWith('A') ? 'B' : 'A'}${sealed.slice(1)}`],
  ])('a value that is %s is not opened', (_, change) => {
    const { seal, open } = createTokenSeal(null);
    expect(open(change(seal(TOKEN, NAME)), NAME)).toBeNull();
  });

  it('a sealed token remains readable after more than a hundred others', () => {
    const { seal, open } = createTokenSeal(null);
    const all = Array.from({ length: 250 }, (_, index) => seal(`${TOKEN}-${index}`, NAME));
    for (let again = 0; again < 2; again += 1) {
      for (const [index, sealed] of all.entries()) expect(open(sealed, NAME)).toBe(`${TOKEN}-${index}`);
    }
  });
});
