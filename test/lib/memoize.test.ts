import { expect, it } from 'vitest';
import { memoize } from '../../src/lib/memoize.js';

it('a memoized function is computed once per object, even when it returns undefined', () => {
  const seen: object[] = [];
  const remember = memoize((key: { readonly value?: string }) => {
    seen.push(key);
    return key.value;
  });
  const [first, second] = [{ value: 'a' }, {}];
  expect([remember(first), remember(first), remember(second), remember(second)]).toEqual([
    'a',
    'a',
    undefined,
    undefined,
  ]);
  expect(seen).toEqual([first, second]);
});
