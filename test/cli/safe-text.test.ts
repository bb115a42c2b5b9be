import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText, terminalText } from '../../src/cli/safe-text.js';

describe('terminalText', () => {
  it.each([
    ['leaves what is harmless', 'api:serve 日本 é', 'api:serve 日本 é'],
    ['makes one line of many', 'one\r\n two\u2028three\n', 'one two three'],
    ['removes colours and cursor movements', '\u001b[31mred\u001b[0m \u001b[2Jtext', 'red text'],
    ['keeps the text of a link', '\u001b]8;;http://x\u0007link\u001b]8;;\u0007', 'link'],
    ['makes a carriage return a space', '10 %\r100 %', '10 % 100 %'],
    ['replaces other control characters', 'a\u007fb\u0000c', 'a\ufffdb\ufffdc'],
    ['keeps text from running backwards', 'a\u202eb\u2066c', 'a\ufffdb\ufffdc'],
    ['makes a tab a space', 'a\tb', 'a b'],
  ])('%s', (_, text, expected) => {
    expect(terminalText(text)).toBe(expected);
  });
});

describe('jsonText', () => {
  it('is JSON of the same value, without a command that the log of a CI job obeys', () => {
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
