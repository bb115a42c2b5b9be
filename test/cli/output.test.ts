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
    stream.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
    await written;
    await output.write('two');
    expect(output.gone.aborted).toBe(true);
    output.end();
  });

  it('ends a write that a slow reader holds up when the command is interrupted', async () => {
    const { stream } = slowStream();
    const interruption = new AbortController();
    const output = createOutput(stream, interruption.signal);
    const written = output.write('one');
    interruption.abort();
    await written;
    output.end();
  });

  it('rejects a write that is lost, unless it is lost because the reader has left', async () => {
    const write = (code: string) =>
      createOutput(
        new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) }),
      ).write('one');
    await expect(write('ENOSPC')).rejects.toThrow('standard output cannot be written: ENOSPC');
    await expect(write('EPIPE')).resolves.toBeUndefined();
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
