import { describe, expect, it } from 'vitest';
import { cookieFor, cookieNameOf, tokenOf, tokenOfInit } from '../../../src/transport/access/credentials.js';

const NAME = cookieNameOf(4000);

describe('a token', () => {
  it.each([
    [{}, null],
    [{ authorization: 'Bearer abc' }, 'abc'],
    [{ authorization: 'bearer   abc ' }, 'abc'],
    [{ authorization: 'Bearer a b' }, ''],
    [{ authorization: 'Digest abc', cookie: `${NAME}=abc` }, ''],
    [{ cookie: `a=1; ${NAME}=abc; b=2` }, 'abc'],
    [{ cookie: `${NAME}=a%2Bb%3D` }, 'a+b='],
    [{ cookie: `${NAME}=%E0%A4%A` }, '%E0%A4%A'],
    [{ cookie: 'tilt-graphql-4001=abc; a' }, null],
  ])('of the headers %j is %j', (headers, token) => {
    expect(tokenOf(headers, NAME)).toBe(token);
  });

  it.each([
    [undefined, null],
    [{}, null],
    [{ token: 'abc' }, 'abc'],
    [{ authorization: 'Bearer abc' }, 'abc'],
    [{ Authorization: 'Bearer abc' }, 'abc'],
    [{ token: 7 }, null],
    [{ authorization: 7 }, null],
  ])('of the payload %j is %j', (payload, token) => {
    expect(tokenOfInit(payload)).toBe(token);
  });

  it('comes back from its cookie as it was, whatever is in it', () => {
    const [cookie = ''] = cookieFor('a;b=c d', 4000, '/', true).split('; ');
    expect(tokenOf({ cookie }, NAME)).toBe('a;b=c d');
  });
});
