import type { Writable } from 'node:stream';
import { isSystemError } from '../lib/errors.js';

/** Standard output. Handles slow readers, readers that close it, and full disks. */
export interface Output {
  /**
   * Writes a text. Resolves when the operating system has accepted it, the reader has closed the stream, or
   * the command was interrupted. Rejects with an {@link OutputError} when the text is lost for any other
   * reason.
   */
  write(text: string): Promise<void>;
  /** Resolves when everything is written, by any writer of the stream. Rejects like {@link Output.write}. */
  flush(): Promise<void>;
  /** Aborts when the stream is no longer writable: the reader closed it, like `head`, or a write failed. */
  readonly gone: AbortSignal;
  /** Throws the {@link OutputError} of a failed write, if any. */
  throwIfFailed(): void;
  /** Releases the stream and leaves it open. */
  end(): void;
}

/** The part of a stream that an {@link Output} needs. */
export type OutputStream = Pick<Writable, 'write' | 'on' | 'off'>;

/** Output was lost, for example on a full disk. A reader that closes the stream early causes no error. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/**
 * Creates an output on a stream. Its error listener is never removed: the error of the last write may be
 * emitted after the end, and an unhandled one would end the process.
 *
 * @param interrupted aborts a write that a slow reader delays
 */
export function createOutput(stream: OutputStream, interrupted?: AbortSignal): Output {
  const gone = new AbortController();
  const ended = interrupted ? AbortSignal.any([gone.signal, interrupted]) : gone.signal;
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
    if (!ended.aborted) await writeToStream(text);
    throwIfFailed();
  }

  function writeToStream(text: string): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        ended.removeEventListener('abort', done);
        resolve();
      };
      ended.addEventListener('abort', done, { once: true });
      stream.write(text, (error) => {
        if (error) onError(error);
        done();
      });
    });
  }

  function onError(error: Error): void {
    if (!isReaderGone(error)) {
      failure ??= new OutputError(`cannot write to standard output: ${error.message}`, { cause: error });
    }
    gone.abort();
  }

  function throwIfFailed(): void {
    if (failure !== null) throw failure;
  }
}

/** Whether a write failed because the reader of a pipe or a socket has closed it. */
export function isReaderGone(error: Error): boolean {
  return isSystemError(error) && READER_GONE.has(error.code);
}

const READER_GONE: ReadonlySet<unknown> = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);
