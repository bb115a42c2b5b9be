import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { headerLength, writeHeader } from '../../../src/server/websocket/frame-writer.js';

/** Parses a frame header like a client: RFC 6455, section 5.2. */
function readHeader(bytes: Buffer): {
  final: boolean;
  opcode: number;
  masked: boolean;
  length: number;
  end: number;
} {
  const [first = 0, second = 0] = bytes;
  const short = second & 0x7f;
  const length =
    short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const end = short === 127 ? 10 : short === 126 ? 4 : 2;
  return { final: first >> 7 === 1, opcode: first & 0x0f, masked: second >> 7 === 1, length, end };
}

describe('a frame header', () => {
  const lengths = fc.oneof(
    fc.constantFrom(0, 125, 126, 65_535, 65_536),
    fc.nat({ max: 70_000 }),
    fc.nat({ max: 2 ** 31 }),
  );

  it('a frame header encodes any payload length in the shortest form', () => {
    fc.assert(
      fc.property(lengths, fc.nat({ max: 20 }), (length, at) => {
        const target = Buffer.alloc(at + 10);
        const end = writeHeader(target, at, length);
        expect(end - at).toBe(headerLength(length));
        expect(readHeader(target.subarray(at))).toEqual({
          final: true,
          opcode: 1,
          masked: false,
          length,
          end: end - at,
        });
      }),
    );
  });
});
