import { finished, type Readable } from 'node:stream';
import { type PushChange, streamChanges } from '../change-stream.js';
import { MAX_BEHIND } from '../limits.js';
import { ProviderError, type SessionProvider } from '../provider.js';
import { createSessionReader } from './session-reader.js';

/** See {@link createStreamProvider}. */
export interface StreamProviderOptions {
  /** The provider's name and its Sessions' instance. Default: `stdin`. */
  readonly name?: string;
  /** Where the bytes come from. It is read to its end, and never closed: that is its owner's. */
  readonly input: Readable;
}

/**
 * The Sessions that another program writes: `tilt get session -w -o json | tilt-graphql serve --source -`.
 *
 * It is read at full speed whatever the consumer does: a pipe that fills up would make `tilt get` stop reading, and that
 * freezes Tilt. A stream can be read once only: a second `watch()` throws a {@link ProviderError} of code `config`.
 */
export function createStreamProvider({ name = 'stdin', input }: StreamProviderOptions): SessionProvider {
  let isTaken = false;
  return { name, watch: (signal) => streamChanges(run, MAX_BEHIND, signal) };

  async function run(push: PushChange, signal: AbortSignal): Promise<void> {
    if (isTaken) throw new ProviderError('config', 'a stream can be read only once: start anew');
    isTaken = true;
    const reader = createSessionReader(name);
    await drain(input, (bytes) => reader.push(bytes).forEach(push), signal);
    if (!signal.aborted) reader.end().forEach(push);
  }
}

/** Hands over all bytes as they come; resolves at the end of the input, or when the signal aborts. */
function drain(input: Readable, take: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const release = finished(input, { writable: false }, (error) => settle(error ? broken(error) : null));
    signal.addEventListener('abort', abandon, { once: true });
    input.on('data', hand);

    function hand(chunk: Uint8Array | string): void {
      try {
        take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      } catch (error) {
        settle(error);
      }
    }

    function abandon(): void {
      settle(null);
    }

    function settle(error: unknown): void {
      release();
      signal.removeEventListener('abort', abandon);
      input.off('data', hand);
      // Else its handle would keep the process alive.
      input.pause();
      if (error === null) resolve();
      else reject(error);
    }
  });
}

function broken({ message }: Error): ProviderError {
  return new ProviderError('unreachable', `the stream broke: ${message}`);
}
