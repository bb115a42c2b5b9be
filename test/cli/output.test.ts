import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createOutput } from '../../src/cli/output.js';
import { slowStream } from '../support/slow-stream.js';

describe('createOutput', () => {
  it('a write waits for a slow reader', async () => {
    const { stream, taken, takeOne } = slowStream();
    const output = createOutput(stream);
    const written = output.write('one');
    expect(taken).toEqual([]);
    takeOne();
    await written;
    expect(taken).toEqual(['one']);
    output.end();
  });

  it('writes after the reader has closed the stream are dropped without waiting', async () => {
    const { stream } = slowStream();
    const output = createOutput(stream);
    const written = output.write('one');
    stream.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
    await written;
    await output.write('two');
    expect(output.gone.aborted).toBe(true);
    output.end();
  });

  it('an interruption ends a write that a slow reader delays', async () => {
    const { stream } = slowStream();
    const interruption = new AbortController();
    const output = createOutput(stream, interruption.signal);
    const written = output.write('one');
    interruption.abort();
    await written;
    output.end();
  });

  it('a lost write rejects, unless the reader has closed the stream', async () => {
    const write = (code: string) =>
      createOutput(
        new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) }),
      ).write('one');
    await expect(write('ENOSPC')).rejects.toThrow('cannot write to standard output: ENOSPC');
    await expect(write('EPIPE')).resolves.toBeUndefined();
  });

  it('end() removes the listeners of the output', async () => {
    const stream = new PassThrough();
    const before = ['error', 'close', 'drain'].map((name) => stream.listenerCount(name));
    const output = createOutput(stream);
    await output.write('one');
    output.end();
    expect(['close', 'drain'].map((name) => stream.listenerCount(name))).toEqual(before.slice(1));
  });
});
