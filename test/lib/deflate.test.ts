import { constants, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deflatePart, deflatePartLater, storePart } from '../../src/lib/deflate.js';

const inflate = (bytes: Buffer) => inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });

describe('parts of a DEFLATE stream', () => {
  it('parts in any order are one stream with their contents in that order', () => {
    const part = fc.record({ bytes: fc.uint8Array({ maxLength: 2_000 }), isStored: fc.boolean() });
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const stream = parts.map(({ bytes, isStored }) =>
          isStored ? storePart(Buffer.from(bytes)) : deflatePart(Buffer.from(bytes)),
        );
        expect(inflate(Buffer.concat(stream))).toEqual(Buffer.concat(parts.map(({ bytes }) => bytes)));
      }),
    );
  });

  it.each([0, 1, 65_535, 65_536, 200_000])(
    'a stored part of %i bytes has five more for each 64 kB',
    (length) => {
      const bytes = Buffer.alloc(length, 'abc');
      const part = storePart(bytes);
      expect(inflate(part)).toEqual(bytes);
      expect(part).toHaveLength(length + 5 * Math.max(Math.ceil(length / 65_535), 1));
    },
  );

  it('a part that another thread compresses has the same bytes', async () => {
    const bytes = Buffer.from('target '.repeat(1_000));
    expect(await deflatePartLater(bytes)).toEqual(deflatePart(bytes));
  });
});
