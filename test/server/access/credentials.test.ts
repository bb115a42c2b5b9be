import { describe, expect, it } from 'vitest';
import {
  cookieName,
  createCookie,
  readInitTokens,
  readTokens,
} from '../../../src/server/access/credentials.js';
import { createTokenSeal } from '../../../src/server/access/token-seal.js';

const NAME = cookieName(4000);
const { seal, open } = createTokenSeal(null);

describe('tokens of a request', () => {
  it.each([
    [{}, []],
    [{ authorization: 'Bearer abc' }, ['abc']],
    [{ authorization: 'bearer   abc ' }, ['abc']],
    [{ authorization: 'Bearer a b' }, []],
    [{ authorization: 'Bearer ' }, []],
    [{ authorization: 'Basic YWRhOnB3', cookie: `${NAME}=abc` }, ['abc']],
    [{ authorization: 'Negotiate YII=', cookie: `${NAME}=abc` }, ['abc']],
    [{ authorization: 'Bearer stale', cookie: `${NAME}=abc` }, ['stale', 'abc']],
    [{ cookie: `a=1; ${NAME}=abc; b=2` }, ['abc']],
    [{ cookie: `${NAME}=stale; ${NAME}=abc` }, ['stale', 'abc']],
    [{ cookie: `${NAME}=; ${NAME}=""; ${NAME}="abc"` }, ['abc']],
    [{ cookie: `${NAME}=a%2Bb%3D` }, ['a+b=']],
    [{ cookie: `${NAME}=a+b==` }, ['a+b==']],
    [{ cookie: `${NAME}=%E0%A4%A` }, ['%E0%A4%A']],
    [{ cookie: 'tilt-graphql-4001=abc; a' }, []],
    [
      { authorization: `Bearer ${seal('abc', NAME)}`, cookie: `${NAME}=${seal('abc', NAME)}` },
      [expect.stringMatching(/^[\w-]{40,}$/), 'abc'],
    ],
    [{ cookie: `${NAME}=${seal('abc', 'tilt-graphql-4001')}` }, [expect.stringMatching(/^[\w-]{40,}$/)]],
    [{ cookie: `${NAME}=1;${NAME}=2;${NAME}=3;${NAME}=4;${NAME}=5` }, ['1', '2', '3', '4']],
  ])('the headers %j contain the tokens %j, in this order', (headers, tokens) => {
    expect(readTokens(headers, NAME, open)).toEqual(tokens);
  });

  it.each([
    [undefined, []],
    [{}, []],
    [{ token: 'abc' }, ['abc']],
    [{ authorization: 'Bearer abc' }, ['abc']],
    [{ Authorization: 'Bearer abc' }, ['abc']],
    [{ token: '', authorization: 'Bearer abc' }, ['abc']],
    [{ token: 'stale', authorization: 'Bearer abc' }, ['stale', 'abc']],
    [{ authorization: 'Basic YWRhOnB3', Authorization: 'Bearer abc' }, ['abc']],
    [{ token: 7 }, []],
    [{ token: '' }, []],
    [{ authorization: 7 }, []],
  ])('the connection_init payload %j contains the tokens %j, in this order', (payload, tokens) => {
    expect(readInitTokens(payload)).toEqual(tokens);
  });

  it('a token with any characters survives the round trip through its cookie', () => {
    const [cookie = ''] = createCookie('a;b=c d', 4000, true, seal).split('; ');
    expect(readTokens({ cookie }, NAME, open)).toEqual(['a;b=c d']);
  });
});
