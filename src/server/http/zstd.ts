import { Transform } from 'node:stream';
import * as zlib from 'node:zlib';

/** Zstandard of Node.js. */
interface Zstd {
  /** Compresses at once. */
  now(body: Buffer): Buffer;
  /** Compresses on another thread. */
  later(body: Buffer): Promise<Buffer>;
  /** Creates a stream that compresses on another thread. */
  stream(): Transform;
}

/** Zstandard, since Node.js 22.15; otherwise null. The declarations of Node.js 20 do not contain it. */
export const zstd: Zstd | null = typeof Reflect.get(zlib, 'zstdCompressSync') === 'function' ? bind() : null;

function bind(): Zstd {
  return {
    now: (body) => expectBuffer(call('zstdCompressSync', body)),
    later: (body) =>
      new Promise((resolve, reject) => {
        call('zstdCompress', body, (error: unknown, compressed: unknown) =>
          Buffer.isBuffer(compressed) ? resolve(compressed) : reject(error),
        );
      }),
    stream() {
      const stream = call('createZstdCompress');
      if (stream instanceof Transform) return stream;
      throw new TypeError('Expected a stream of createZstdCompress.');
    },
  };
}

function call(name: string, ...args: readonly unknown[]): unknown {
  const implementation: unknown = Reflect.get(zlib, name);
  if (typeof implementation !== 'function') throw new TypeError(`Expected zlib.${name} to be a function.`);
  return Reflect.apply(implementation, zlib, args);
}

function expectBuffer(value: unknown): Buffer {
  if (Buffer.isBuffer(value)) return value;
  throw new TypeError('Expected a buffer of zstdCompressSync.');
}
