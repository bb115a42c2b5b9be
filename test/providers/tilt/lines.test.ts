import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLineReader } from '../../../src/providers/tilt/lines.js';

/** Everything that a reader says of the chunks; `…` for a line that is too long. */
function read(chunks: readonly Uint8Array[], maxBytes = 1000): string[] {
  const said: string[] = [];
  const reader = createLineReader(maxBytes, {
    line: (line) => said.push(String(line).trim()),
    overlong: () => said.push('…'),
  });
  for (const chunk of chunks) reader.push(chunk);
  return said;
}

const bytes = (text: string) => Buffer.from(text);

test('a line is told when its end is there, and not before', () => {
  expect(read([bytes('{"a"'), bytes(':1}')])).toEqual([]);
  expect(read([bytes('{"a"'), bytes(':1}\n')])).toEqual(['{"a":1}']);
});

test('empty lines and a carriage return before the end are left out', () => {
  expect(read([bytes('a\r\n\r\n\nb\n')])).toEqual(['a', 'b']);
});

test('a last line without its end is dropped', () => {
  expect(read([bytes('a\n{"half')])).toEqual(['a']);
});

test('a line that is too long is told once, skipped to its end, and the next is read', () => {
  const chunks = [bytes('ok\nxxxx'), bytes('xxxxxxxxx'), bytes('xxxx'), bytes('x\nfine\n')];
  expect(read(chunks, 10)).toEqual(['ok', '…', 'fine']);
});

test('a line may be as long as allowed', () => {
  expect(read([bytes('12345\n')], 5)).toEqual(['12345']);
  expect(read([bytes('123456\n')], 5)).toEqual(['…']);
});

test('however the bytes are cut into chunks, within a character too, the lines are the same', () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'ß', '€', '😀', '{', ' x') });
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(20)), (lines, sizes) => {
      const whole = bytes(lines.map((text) => `${text}\n`).join(''));
      const chunks: Uint8Array[] = [];
      let rest = whole;
      for (const size of sizes) {
        chunks.push(rest.subarray(0, size));
        rest = rest.subarray(size);
      }
      expect(read([...chunks, rest])).toEqual(lines.map((text) => text.trim()).filter((text) => text !== ''));
    }),
  );
});
