import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findMatches, MAX_MATCHES, markParts } from '../../../src/dashboard/model/log-search.js';
import { type ShownLine, showLine } from '../../../src/dashboard/model/log-tail.js';
import { receivedLine } from '../../support/log-payloads.js';

const lines = (...texts: string[]): ShownLine[] => texts.map((text, id) => showLine(receivedLine(text), id));
const places = (texts: readonly string[], query: string) =>
  findMatches(lines(...texts), query).map(({ line, start, end }) => [line, start, end]);

describe('the search in a log', () => {
  it('a search finds all places in the text without colors, in upper and lower case', () => {
    expect(places(['Error: no', 'fine', '\u001b[31mER\u001b[1mROR\u001b[0m error'], 'error')).toEqual([
      [0, 0, 5],
      [2, 0, 5],
      [2, 6, 11],
    ]);
    expect(places(['a'], '')).toEqual([]);
  });

  it('characters of regular expressions stand for themselves', () => {
    const special = String.raw`^$.*+?()[]{}|\/-`;
    expect(places([`a${special}b`], special)).toEqual([[0, 1, 1 + special.length]]);
    expect(places(['abc'], '.')).toEqual([]);
  });

  it('gaps have no matches', () => {
    expect(findMatches([{ type: 'gap', id: 0, count: 11 }, ...lines('11')], '11')).toHaveLength(1);
  });

  it('of too many matches the newest are found', () => {
    const found = findMatches(lines('aa', 'a'.repeat(MAX_MATCHES - 1)), 'a');
    expect(found).toHaveLength(MAX_MATCHES);
    expect(found[0]).toEqual({ line: 0, start: 1, end: 2 });
    expect(found.at(-1)).toEqual({ line: 1, start: MAX_MATCHES - 2, end: MAX_MATCHES - 1 });
  });
});

describe('the marks of matches', () => {
  it('a match across two colors is marked in both', () => {
    const [line] = lines('\u001b[31mab\u001b[32mcd');
    const matches = findMatches(line ? [line] : [], 'bc');
    expect(markParts(line?.parts ?? [], matches)).toEqual([
      { start: 0, text: 'a', style: 'in-red', match: null },
      { start: 1, text: 'b', style: 'in-red', match: matches[0] },
      { start: 2, text: 'c', style: 'in-green', match: matches[0] },
      { start: 3, text: 'd', style: 'in-green', match: null },
    ]);
  });

  it('marked parts have the text and the styles of the line, and exactly the matches are marked', () => {
    const texts = fc.array(fc.constantFrom('a', 'b', '\u001b[31m', '\u001b[0m', '\u{1f600}'));
    fc.assert(
      fc.property(texts, fc.constantFrom('a', 'ab', 'aa', 'b\u{1f600}'), (pieces, query) => {
        const [line] = lines(pieces.join(''));
        if (!line) return;
        const matches = findMatches([line], query);
        const marked = markParts(line.parts, matches);
        expect(marked.map(({ text }) => text).join('')).toBe(line.text);
        expect(marked.every(({ text }) => text !== '')).toBe(true);
        for (const match of matches) {
          const inside = marked.filter((part) => part.match === match).map(({ text }) => text);
          expect(inside.join('')).toBe(query);
        }
      }),
    );
  });
});
