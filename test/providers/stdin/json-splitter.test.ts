import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonSplitter, type JsonPiece } from '../../../src/providers/stdin/json-splitter.js';
import { readFixture } from '../../support/recording.js';

describe('createJsonSplitter', () => {
  it('splits the pretty-printed objects that tilt get -w prints', () => {
    const pieces = split(readFixture('get-session-watch.json'));
    expect(pieces).toHaveLength(3);
    for (const piece of pieces) expect(JSON.parse(textOf(piece))).toMatchObject({ kind: 'Session' });
  });

  it.each([
    ['one value a line', '{"a":1}\n{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['values without anything between them', '{"a":1}[2]{"c":3}', ['{"a":1}', '[2]', '{"c":3}']],
    ['JSON text sequences (RFC 7464)', '\u001e{"a":1}\n\u001e{"b":2}\n', ['{"a":1}', '{"b":2}']],
    ['a byte order mark', '\ufeff{"a":1}', ['{"a":1}']],
    ['brackets and quotes in texts', '{"a":"}]\\"{[\\\\"}{"b":2}', ['{"a":"}]\\"{[\\\\"}', '{"b":2}']],
    ['a list with an object on each line', '[\n{"a":1},\n{"b":2}\n]', ['[\n{"a":1},\n{"b":2}\n]']],
    ['nothing', ' \n\t\r\n', []],
  ])('splits %s', (_, text, expected) => {
    expect(split(text).map(textOf)).toEqual(expected);
  });

  it('numbers the values from 1', () => {
    expect(split('{}{}{}').map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it('returns the same values for any division into chunks', () => {
    const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify({ value }, null, 2));
    const broken = fc.constantFrom('Error: no such thing\n', '{"a": "cut\n', '{"a": 1\n', '{"é":]}\n', '}\n');
    const text = fc.array(fc.oneof(json, broken)).map((parts) => parts.join('\n'));
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(text, sizes, (whole, chunkSizes) => {
        expect(split(whole, chunkSizes)).toEqual(split(whole));
      }),
    );
  });

  it('returns every value of a valid stream', () => {
    fc.assert(
      fc.property(fc.array(fc.object()), fc.constantFrom('', '\n', '\n\n '), (values, between) => {
        const pieces = split(values.map((value) => JSON.stringify(value, null, 1)).join(between));
        expect(pieces.map(textOf)).toEqual(values.map((value) => JSON.stringify(value, null, 1)));
      }),
    );
  });

  it.each([
    [
      'a line that is not JSON',
      'Error: no "session" here\r\n',
      'expected { or [, got "Error: no \\"session\\" here"',
    ],
    ['several such lines, as one', 'Error:\nit broke\n', 'expected { or [, got "Error:"'],
    ['a value cut off in a text', '{"a":"b\n', 'it is invalid or truncated JSON'],
    ['a value cut off between two', '{"a":1\n', 'it was truncated: another value begins inside it'],
    ['brackets that do not match', '{"a":[}\n', 'it is invalid or truncated JSON'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'it is not UTF-8 text'],
  ])('reports %s, and continues with the next value', (_, broken, problem) => {
    const bytes = Buffer.concat([Buffer.from(broken), Buffer.from('{\n  "good": true\n}\n')]);
    expect(split(bytes)).toEqual([
      { number: 1, problem },
      { number: 2, text: '{\n  "good": true\n}' },
    ]);
  });

  it('quotes only the start of stray text', () => {
    const line = 'x'.repeat(10_000);
    const problem = `expected { or [, got "${'x'.repeat(60)}"`;
    expect(split(`${line}\n{}`, [100])).toEqual([
      { number: 1, problem },
      { number: 2, text: '{}' },
    ]);
  });

  it('skips a value that is too long, and keeps none of it in memory', () => {
    const long = `{"a":"${'x'.repeat(100)}"}`;
    const expected = [
      { number: 1, problem: 'it is longer than 50 bytes' },
      { number: 2, text: '{"b":2}' },
    ];
    expect(split(`${long}\n{"b":2}`, [10_000], 50)).toEqual(expected);
    expect(split(`${long}\n{"b":2}`, [7], 50)).toEqual(expected);
  });

  it('reports a value that the end of the stream truncates', () => {
    expect(split('{}{"a":')).toEqual([
      { number: 1, text: '{}' },
      { number: 2, problem: 'the stream ended inside the value' },
    ]);
    expect(split('null')).toEqual([{ number: 1, problem: 'expected { or [, got "null"' }]);
  });
});

/** Splits a text that arrives in chunks of these sizes, which are repeated. */
function split(
  text: string | Uint8Array,
  sizes: readonly number[] = [Infinity],
  maxBytes?: number,
): JsonPiece[] {
  const splitter = createJsonSplitter(maxBytes);
  const bytes = Buffer.from(text);
  const pieces: JsonPiece[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const end = Math.min(at + (sizes[turn % sizes.length] ?? 1), bytes.length);
    pieces.push(...splitter.push(bytes.subarray(at, end)));
    at = end;
  }
  return [...pieces, ...splitter.end()];
}

function textOf(piece: JsonPiece): string {
  return 'text' in piece ? piece.text : expect.unreachable(piece.problem);
}
