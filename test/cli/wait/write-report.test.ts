import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { OutputStream } from '../../../src/cli/output.js';
import { writeReport } from '../../../src/cli/wait/write-report.js';
import { slowStream } from '../../support/slow-stream.js';
import { waitReport } from '../../support/wait-report.js';

function write(stdout: OutputStream, interrupted = new AbortController().signal): Promise<void> {
  const cli = { stdout, stderr: process.stderr, env: {} };
  return writeReport(waitReport('failed', []), [], { junit: undefined, verbose: true }, cli, interrupted);
}

describe('output of the report of a wait', () => {
  it('wait writes its report to the end for a slow reader', async () => {
    const { stream, taken, takeOne } = slowStream();
    let isWritten = false;
    const written = write(stream).then(() => {
      isWritten = true;
    });
    await expect.poll(() => stream.writableLength).toBeGreaterThan(0);
    expect(isWritten).toBe(false);
    takeOne();
    await written;
    expect(taken).toEqual([expect.stringMatching(/^failed: waited 3s /)]);
  });

  it('a signal ends the wait for a slow reader of the report', async () => {
    const { stream } = slowStream();
    const interruption = new AbortController();
    const written = write(stream, interruption.signal);
    await expect.poll(() => stream.writableLength).toBeGreaterThan(0);
    interruption.abort();
    await written;
  });

  it('the report of an interrupted wait is printed, without waiting for a slow reader', async () => {
    const { stream, taken, takeOne } = slowStream();
    await write(stream, AbortSignal.abort());
    takeOne();
    expect(taken).toEqual([expect.stringMatching(/^failed: waited 3s /)]);
  });

  it.each(['ENOSPC', 'EPIPE'])('a report that cannot be written (%s) is no error', async (code) => {
    const stream = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })),
    });
    await write(stream);
    expect(stream.destroyed).toBe(true);
  });
});
