import type { Writable } from 'node:stream';

/** Standard output that may be read slowly, or no longer. */
export interface Output {
  /** Writes a text, and waits where its reader is slow. What nobody reads any more is dropped. */
  write(text: string): Promise<void>;
  /** Aborts when its reader has gone, as `head` does when it has enough. */
  readonly gone: AbortSignal;
  /** Is done with it; the stream stays open. */
  end(): void;
}

/** What is needed of a stream. */
export type OutputStream = Pick<Writable, 'write' | 'on' | 'once' | 'off'>;

/** Writes to a stream: without it, an error of the stream would end the process with a stack. */
export function createOutput(stream: OutputStream): Output {
  const gone = new AbortController();
  const stop = () => gone.abort();
  stream.on('error', stop);
  stream.on('close', stop);
  return {
    gone: gone.signal,
    async write(text) {
      if (gone.signal.aborted || stream.write(text)) return;
      await new Promise<void>((resolve) => {
        const go = () => {
          stream.off('drain', go);
          gone.signal.removeEventListener('abort', go);
          resolve();
        };
        stream.once('drain', go);
        gone.signal.addEventListener('abort', go, { once: true });
      });
    },
    end() {
      // The error of a last write may still come, and would end the process if nobody listened.
      stream.off('close', stop);
    },
  };
}
