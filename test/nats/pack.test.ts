import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../src/model/decode.js';
import { packed, unpacked } from '../../src/nats/pack.js';
import { MAX_BYTES } from '../../src/providers/decode-sessions.js';

describe('what stands in a bucket', () => {
  it('is unpacked as it was, long or short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 2_000 }), (text, times) => {
        const long = text.repeat(times);
        expect(unpacked(packed(long))).toBe(Buffer.from(long).toString());
      }),
    );
  });

  it('is plain text while it is short, and gzip when it is long', () => {
    expect(Buffer.from(packed('{"version":1}')).toString()).toBe('{"version":1}');
    const long = JSON.stringify(Array.from({ length: 1_000 }, (_, index) => `target ${index}`));
    expect([...packed(long).subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    expect(packed(long).length).toBeLessThan(long.length / 3);
  });

  it.each([
    ['is cut off', gzipSync('x'.repeat(10_000)).subarray(0, -12), 'Z_BUF_ERROR'],
    ['only begins like gzip', Buffer.from([0x1f, 0x8b, 1, 2, 3]), 'Z_DATA_ERROR'],
    ['would fill the memory', gzipSync(Buffer.alloc(MAX_BYTES + 1)), 'ERR_BUFFER_TOO_LARGE'],
  ])('is refused when it %s', (_, bytes, code) => {
    expect(() => unpacked(bytes)).toThrow(DecodeError);
    expect(() => unpacked(bytes)).toThrow(`expected gzip of at most ${MAX_BYTES} bytes, got "${code}"`);
  });
});
