import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStyledText, type StyledPart } from '../../../src/dashboard/model/styled-text.js';

const sgr = (codes: string, text: string) => `\u001b[${codes}m${text}`;
const styles = (line: string) => parseStyledText(line).map(({ text, style }) => [style, text]);

describe('the colors of a line', () => {
  it('a line without sequences is one part in the default style, and an empty line has none', () => {
    expect(styles('plain <b>text</b>')).toEqual([['', 'plain <b>text</b>']]);
    expect(styles('')).toEqual([]);
    expect(styles(sgr('31', ''))).toEqual([]);
  });

  it('colors and decorations become classes until they are reset', () => {
    expect(styles(`a ${sgr('1;31', 'red')}${sgr('39', ' bold')}${sgr('0', ' plain')}`)).toEqual([
      ['', 'a '],
      ['in-red is-bold', 'red'],
      ['is-bold', ' bold'],
      ['', ' plain'],
    ]);
    expect(styles(sgr('2;3;4;9', 'all'))).toEqual([
      ['is-dim is-italic is-underline is-strikethrough', 'all'],
    ]);
  });

  it('sequences that change nothing do not split the text', () => {
    expect(styles(`${sgr('32', 'on')}${sgr('1;22', 'e')}`)).toEqual([['in-green', 'one']]);
  });

  it('bright and dark variants of a color, also of the large palettes, become the color of the page', () => {
    for (const codes of ['36', '96', '38;5;14', '38;5;51', '38;2;0;200;210']) {
      expect(styles(sgr(codes, 'x'))).toEqual([['in-cyan', 'x']]);
    }
    for (const codes of ['31', '38;5;196', '38;2;255;80;60']) {
      expect(styles(sgr(codes, 'x'))).toEqual([['in-red', 'x']]);
    }
    expect(styles(sgr('38;5;21', 'x'))).toEqual([['in-blue', 'x']]);
    expect(styles(sgr('38;2;190;40;210', 'x'))).toEqual([['in-magenta', 'x']]);
  });

  it('black, white and the other grays are ordinary text, whatever the theme', () => {
    for (const codes of ['30', '37', '97', '38;5;16', '38;5;250', '38;2;10;20;30', '40', '48;5;234']) {
      expect(styles(sgr(codes, 'x'))).toEqual([['', 'x']]);
    }
    expect(styles(sgr('90', 'x'))).toEqual([['in-gray', 'x']]);
  });

  it('a background decides the color of its text, and reversed text has a background', () => {
    expect(styles(sgr('33;41', 'x'))).toEqual([['on-red', 'x']]);
    expect(styles(sgr('7', 'x'))).toEqual([['on-gray', 'x']]);
    expect(styles(sgr('7;32', 'x'))).toEqual([['on-green', 'x']]);
  });

  it('hidden and blinking text is shown as ordinary text', () => {
    expect(styles(`${sgr('8', 'hidden')}${sgr('5', ' blinking')}`)).toEqual([['', 'hidden blinking']]);
  });

  it('a line with more sequences than elements are affordable has no colors', () => {
    const line = (count: number) => sgr('31', 'a') + sgr('32', 'b').repeat(count - 1);
    expect(parseStyledText(line(200))).toHaveLength(2);
    expect(styles(line(201))).toEqual([['', `a${'b'.repeat(200)}`]]);
  });

  it('the text of any line contains no control character, and only known classes are used', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary-ascii' }),
      fc.constantFrom(
        '\u001b[',
        '\u001b]8;;http://x\u0007',
        '\u001b[31m',
        '\u001b[38;5;',
        '\u009b31m',
        '\r',
        'm',
      ),
      fc.array(fc.nat(300)).map((codes) => `\u001b[${codes.join(';')}m`),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const isSafe = ({ text, style }: StyledPart) =>
          /^[\P{Cc}\t\n]+$/u.test(text) && /^((in|on|is)-[a-z]+( |$))*$/.test(style);
        expect(parseStyledText(pieces.join('')).filter((part) => !isSafe(part))).toEqual([]);
      }),
    );
  });
});
