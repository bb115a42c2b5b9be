import { deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { createMessageWriter } from '../data/fleet.js';
import { answerCalls } from '../processes/answer-calls.js';

/** Result of compressing the envelopes of a size. */
export interface Compressed {
  readonly targets: number;
  readonly bytes: number;
  /** Compression ratio. */
  readonly ratio: number;
  /** Microseconds to compress, to decompress, and to `JSON.parse`, which every reader does anyway. */
  readonly pack: number;
  readonly unpack: number;
  readonly parse: number;
}

/** API of this process. */
export type CompressApi = {
  compress(options: { readonly quick: boolean }): readonly (Compressed & { readonly how: string })[];
};

const WAYS: readonly { readonly how: string; compress(text: string): Buffer }[] = [
  { how: 'deflate 1', compress: (text) => deflateRawSync(text, { level: 1 }) },
  { how: 'gzip 1', compress: (text) => gzipSync(text, { level: 1 }) },
  { how: 'gzip 6', compress: (text) => gzipSync(text, { level: 6 }) },
];

const api: CompressApi = {
  compress: ({ quick }) =>
    [10, 100, 1_000].flatMap((targets) => {
      const { text } = createMessageWriter(0, targets / 2).write(0, { serial: 1, previous: 0 });
      const times = Math.ceil((quick ? 2_000 : 40_000) / targets);
      const parse = microsOf(() => JSON.parse(text), times);
      return WAYS.map(({ how, compress }) => {
        const compressed = compress(text);
        const zipped = gzipSync(text, { level: 1 });
        return {
          how,
          targets,
          bytes: Buffer.byteLength(text),
          ratio: Buffer.byteLength(text) / compressed.length,
          pack: microsOf(() => compress(text), times),
          unpack: microsOf(() => gunzipSync(zipped).toString(), times),
          parse,
        };
      });
    }),
};
answerCalls(api);

/** Mean duration in microseconds after warm-up. */
function microsOf(task: () => unknown, times: number): number {
  for (let warm = 0; warm < times / 4; warm += 1) task();
  const from = performance.now();
  for (let time = 0; time < times; time += 1) task();
  return ((performance.now() - from) / times) * 1_000;
}
