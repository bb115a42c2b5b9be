import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { createLineWriter } from '../../src/cli/line-writer.js';

it('a line writer writes until its stream fails, and then neither writes nor throws', async () => {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _, done) {
      written.push(String(chunk));
      done(written.length === 2 ? new Error('ENOSPC') : null);
    },
  });
  const write = createLineWriter(stream);
  for (const line of ['one\n', 'two\n']) write(line);
  await expect.poll(() => stream.destroyed).toBe(true);
  write('three\n');
  expect(written).toEqual(['one\n', 'two\n']);
});
