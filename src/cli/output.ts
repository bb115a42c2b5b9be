import type { Writable } from 'node:stream';
import { isSystemError } from '../lib/errors.js';

/** Standard output: its reader may be slow or leave, its disk may be full. */
export interface Output {
  /**
   * Writes a text, and resolves once it has left this process, its reader has left, or the command was interrupted.
   * Rejects with an {@link OutputError} when the text is lost for any other reason.
   */
  write(text: string): Promise<void>;
  /** Resolves once all of the stream is written, by whomever. Rejects as {@link Output.write} does. */
  flush(): Promise<void>;
  /** Aborts when nothing can be written any more: the reader has left, as `head` does, or a write has failed. */
  readonly gone: AbortSignal;
  /** Throws the {@link OutputError} of a write that failed, if there was one. */
  throwIfFailed(): void;
  /** Releases the stream, and leaves it open. */
  end(): void;
}

/** The part of a stream that an {@link Output} needs. */
export type OutputStream = Pick<Writable, 'write' | 'on' | 'off'>;

/** Output was lost, such as on a full disk. A reader that has left is no error: it has read what it wanted. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/**
 * Creates an output on a stream. Its error listener stays: the error of the last write may come late, and would end the
 * process.
 *
 * @param interrupted ends a write that a slow reader holds up
 */
export function createOutput(stream: OutputStream, interrupted?: AbortSignal): Output {
  const gone = new AbortController();
  const over = interrupted ? AbortSignal.any([gone.signal, interrupted]) : gone.signal;
  let failure: OutputError | null = null;
  const onClose = () => gone.abort();
  stream.on('error', onError);
  stream.on('close', onClose);
  return {
    gone: gone.signal,
    write,
    flush: () => write(''),
    throwIfFailed,
    end: () => void stream.off('close', onClose),
  };

  async function write(text: string): Promise<void> {
    if (!over.aborted) await written(text);
    throwIfFailed();
  }

  function written(text: string): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        over.removeEventListener('abort', done);
        resolve();
      };
      over.addEventListener('abort', done, { once: true });
      stream.write(text, (error) => {
        if (error) onError(error);
        done();
      });
    });
  }

  function onError(error: Error): void {
    if (!isReaderGone(error)) {
      failure ??= new OutputError(`standard output cannot be written: ${error.message}`, { cause: error });
    }
    gone.abort();
  }

  function throwIfFailed(): void {
    if (failure !== null) throw failure;
  }
}

/** Whether a write failed because nobody reads any more, of a pipe or a socket. */
export function isReaderGone(error: Error): boolean {
  return isSystemError(error) && READER_GONE.has(error.code);
}

const READER_GONE: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);
