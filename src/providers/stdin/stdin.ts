import { finished, type Readable } from 'node:stream';
import { ProviderError, type PushChange, type SessionProvider } from '../provider.js';
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
 *
 * A stream that ends with something unreadable, or breaks, leaves no Sessions and stays with its error: nobody would see the
 * reason otherwise.
 */
export function createStreamProvider({ name = 'stdin', input }: StreamProviderOptions): SessionProvider {
  let isTaken = false;
  return { name, watch: run };

  async function run(push: PushChange, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (isTaken) throw new ProviderError('config', 'a stream can be read only once: start anew');
    isTaken = true;
    const reader = createSessionReader(name);
    const failure = await drain(input, (bytes) => reader.push(bytes).forEach(push), signal);
    if (signal.aborted) return;
    reader.end().forEach(push);
    const problem = failure ?? reader.problem;
    if (problem === null) return;
    for (const id of reader.ids) push({ type: 'remove', id, reason: 'the stream has ended' });
    push({ type: 'stale', error: problem });
    await aborted(signal);
  }
}

/** Hands over all bytes as they come. Resolves at the end of the input or when the signal aborts, with why the input broke, if it did. */
function drain(
  input: Readable,
  take: (bytes: Uint8Array) => void,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const release = finished(input, { writable: false }, (error) => {
      settle(() => resolve(error ? `the stream broke: ${error.message}` : null));
    });
    signal.addEventListener('abort', abandon, { once: true });
    input.on('data', hand);

    function hand(chunk: Uint8Array | string): void {
      try {
        take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    }

    function abandon(): void {
      settle(() => resolve(null));
    }

    function settle(finish: () => void): void {
      release();
      signal.removeEventListener('abort', abandon);
      input.off('data', hand);
      // Else its handle would keep the process alive.
      input.pause();
      finish();
    }
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
