import { Writable } from 'node:stream';

/** Creates a stream that accepts a chunk only when the test calls `takeOne`. */
export function slowStream() {
  const taken: string[] = [];
  const waiting: (() => void)[] = [];
  const stream = new Writable({
    highWaterMark: 1,
    decodeStrings: false,
    write(chunk: string, _, done) {
      waiting.push(() => {
        taken.push(chunk);
        done();
      });
    },
  });
  return { stream, taken, takeOne: () => waiting.shift()?.() };
}
