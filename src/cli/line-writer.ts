import type { Writable } from 'node:stream';

/**
 * Creates a function that writes lines to a stream until the stream fails, and nothing from then on. Without it, a closed
 * pipe or a full disk would end the process with an uncaught error.
 */
export function createLineWriter(stream: Pick<Writable, 'write' | 'on'>): (line: string) => void {
  let hasFailed = false;
  // Never removed: the error of the last write may come late.
  stream.on('error', () => {
    hasFailed = true;
  });
  return (line) => {
    if (!hasFailed) stream.write(line);
  };
}
