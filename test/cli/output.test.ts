import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createOutput } from '../../src/cli/output.js';

/** A stream that takes nothing until it is told to. */
function slowStream() {
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

describe('createOutput', () => {
  it('waits for a reader that is slow', async () => {
    const { stream, taken, takeOne } = slowStream();
    const output = createOutput(stream);
    const written = output.write('one');
    expect(taken).toEqual([]);
    takeOne();
    await written;
    expect(taken).toEqual(['one']);
    output.end();
  });

  it('waits no more, and drops what is written, once its reader has gone', async () => {
    const { stream } = slowStream();
    const output = createOutput(stream);
    const written = output.write('one');
    stream.destroy(new Error('EPIPE'));
    await written;
    await output.write('two');
    expect(output.gone.aborted).toBe(true);
    output.end();
  });

  it('leaves nothing behind that listens', async () => {
    const stream = new PassThrough();
    const before = ['error', 'close', 'drain'].map((name) => stream.listenerCount(name));
    const output = createOutput(stream);
    await output.write('one');
    output.end();
    expect(['close', 'drain'].map((name) => stream.listenerCount(name))).toEqual(before.slice(1));
  });
});
