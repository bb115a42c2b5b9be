import { describe, expect, it } from 'vitest';
import { cleanStyles } from '../../src/logs/styled-text.js';
import { plainText } from '../../src/model/plain-text.js';

describe('cleanStyles', () => {
  // A quadratic search takes minutes for these lines: the test would time out.
  it.each([
    ['controls that begin a string, in 8 bits', '\u009d'],
    ['strings without an end, in 8 bits', '\u0090a'],
    ['strings without an end', '\u001b]a'],
    ['styles without an end', '\u009b1;'],
    ['sequences without an end', '\u001b[1 '],
    ['escapes without an end', '\u001b '],
  ])('reads a megabyte of %s in linear time', (_, unit) => {
    const clean = cleanStyles(unit.repeat(Math.ceil(1_000_000 / unit.length)));
    expect(clean).toBe(plainText(clean));
  });
});
