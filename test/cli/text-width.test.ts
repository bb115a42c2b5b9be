import { describe, expect, it } from 'vitest';
import { toWidth, widthOf } from '../../src/cli/text-width.js';

describe('the width of a text on a terminal', () => {
  it.each([
    ['', 0],
    ['api:serve', 9],
    ['é', 1],
    ['e\u0301', 1],
    ['日本語', 6],
    ['한국', 4],
    ['ｆｕｌｌ', 8],
    ['🚀', 2],
    ['👩‍👩‍👧', 2],
    ['❤️', 2],
    ['\u200b', 0],
  ])('of %j is %i', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  it.each([
    ['ab', 4, 'ab  '],
    ['abcd', 4, 'abcd'],
    ['abcde', 4, 'abc…'],
    ['日本語', 4, '日… '],
    ['日本語', 5, '日本…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
    ['', 0, ''],
  ])('%j made %i wide is %j', (text, columns, expected) => {
    expect(toWidth(text, columns)).toBe(expected);
  });
});
