import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  elapsed,
  fitError,
  jsonText,
  terminalText,
  toWidth,
  widthOf,
  withoutLogCommands,
} from '../../src/cli/text.js';

describe('terminalText', () => {
  it.each([
    ['leaves plain text unchanged', 'api:serve 日本 é', 'api:serve 日本 é'],
    ['joins several lines', 'one\r\n two\u2028three\n', 'one two three'],
    ['removes colours and cursor movements', '\u001b[31mred\u001b[0m \u001b[2Jtext', 'red text'],
    ['keeps the text of a link', '\u001b]8;;http://x\u0007link\u001b]8;;\u0007', 'link'],
    ['replaces a carriage return with a space', '10 %\r100 %', '10 % 100 %'],
    ['replaces other control characters', 'a\u007fb\u0000c', 'a\ufffdb\ufffdc'],
    ['replaces marks of text direction', 'a\u202eb\u2066c', 'a\ufffdb\ufffdc'],
    ['replaces a tab with a space', 'a\tb', 'a b'],
  ])('terminalText %s', (_, text, expected) => {
    expect(terminalText(text)).toBe(expected);
  });
});

describe('withoutLogCommands', () => {
  it('disables commands at the start of each line, after white space and empty lines', () => {
    const text = '::a::\n\n \t::b::\r\u2028\u00a0::c:: ::d::';
    expect(withoutLogCommands(text)).toBe(': :a::\n\n \t: :b::\r\u2028\u00a0: :c:: ::d::');
  });

  // A quadratic search takes minutes for these texts: the test would time out.
  it.each(['\n', '\r', '\n ', ' ', '#'])('reads a text that repeats %j in linear time', (unit) => {
    const text = unit.repeat(500_000);
    expect(withoutLogCommands(text)).toBe(text);
  });
});

describe('jsonText', () => {
  it('jsonText escapes log commands of CI services and keeps the value', () => {
    const texts = fc.array(
      fc.constantFrom('#', '##[stop]x', '##vso[a]', '\\', '"', '::', '\n', '\u001b', '\u2028', 'a'),
    );
    const values = fc.dictionary(
      fc.string(),
      texts.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(values, fc.constantFrom(0, 2), (value, indent) => {
        const text = jsonText(value, indent);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text).not.toMatch(/##\w*\[/);
        expect(text).not.toMatch(/^\s*::/m);
      }),
    );
  });
});

describe('elapsed', () => {
  it.each([
    [-5, '0s'],
    [0, '0s'],
    [420, '0.4s'],
    [3_000, '3s'],
    [9_940, '9.9s'],
    [9_960, '10s'],
    [59_400, '59s'],
    [59_600, '1m00s'],
    [192_000, '3m12s'],
    [3_599_600, '1h00m'],
    [3_720_000, '1h02m'],
    [183_600_000, '2d03h'],
  ])('elapsed formats %i ms as %s', (ms, expected) => {
    expect(elapsed(ms)).toBe(expected);
  });
});

describe('width of a text on a terminal', () => {
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
  ])('widthOf(%j) is %i', (text, width) => {
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
  ])('toWidth(%j, %i) is %j', (text, columns, expected) => {
    expect(toWidth(text, columns)).toBe(expected);
  });

  it.each([
    ['abcdefghij', 'end', 4, '…hij'],
    ['abcdefghij', 'ends', 7, 'ab…ghij'],
    ['日本語', 'end', 4, '… 語'],
    ['日本語', 'end', 3, '…語'],
    ['abc', 'end', 1, '…'],
    ['abc', 'ends', 3, 'abc'],
  ] as const)('%j cut to its %s of %i columns is %j', (text, keep, columns, expected) => {
    expect(toWidth(text, columns, keep).trim()).toBe(expected.replace('… ', '…'));
  });

  it('a text cut at its start or in its middle has the exact width', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).map(terminalText),
        fc.nat(40),
        fc.constantFrom('end' as const, 'ends' as const),
        (text, columns, keep) => {
          expect(widthOf(toWidth(text, columns, keep))).toBe(columns);
        },
      ),
    );
  });

  it.each([
    ['exit status 1', 20, 'exit status 1       '],
    ['Command "make all" failed: exit status 1', 20, 'exit status 1       '],
    ['Command "make all" failed: exit status 1', 40, 'Command "make all" failed: exit status 1'],
    ['dial tcp: connection refused', 20, '… connection refused'],
    ['Traceback (most recent call last):\n  File x\nError: no such file', 20, 'Error: no such file '],
  ])('the error %j fits into %i columns as %j', (error, columns, expected) => {
    expect(fitError(error, columns)).toBe(expected);
  });
});
