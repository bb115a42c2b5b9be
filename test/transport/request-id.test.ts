import { describe, expect, it } from 'vitest';
import { requestIdOf } from '../../src/transport/request-id.js';

const idOf = (given?: string, random = () => 0.5) =>
  requestIdOf(given === undefined ? {} : { 'x-request-id': given }, random);

describe('the id of a request', () => {
  it.each(['a', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', '01J.z_9', 'x'.repeat(64)])(
    'is the one that it came with: %s',
    (given) => {
      expect(idOf(given)).toBe(given);
    },
  );

  it.each([undefined, '', 'x'.repeat(65), 'a b', 'a\nb', 'a, b', '"', '$(id)', 'é'])(
    'is made when it came with %j',
    (given) => {
      expect(idOf(given)).toBe('8000000080000000');
    },
  );

  it('has 16 harmless characters, whatever the numbers are', () => {
    for (const number of [0, 2 ** -40, 1 - 2 ** -53]) {
      expect(idOf(undefined, () => number)).toMatch(/^[0-9a-f]{16}$/);
    }
  });
});
