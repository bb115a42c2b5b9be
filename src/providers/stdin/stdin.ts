import { finished, type Readable } from 'node:stream';
import { untilAborted } from '../../lib/clock.js';
import { ProviderError, type PushChange, type SessionProvider } from '../provider.js';
import { createSessionReader } from './session-reader.js';

/** Options of {@link createStreamProvider}. */
export interface StreamProviderOptions {
  /** Name of the provider and instance of its Sessions. Default: `stdin`. */
  readonly name?: string;
  /** Input, read to its end. The caller closes it. */
  readonly input: Readable;
}

/**
 * Creates a provider of the Sessions that another program writes, and of the facts about them:
 * `tilt get session -w -o json | tilt-graphql serve --source -`. Tilt ends each watch, and with it the input,
 * after 30 to 60 minutes.
 *
 * The input is always read at full speed: a full pipe would make `tilt get` stop reading, which blocks Tilt.
 * A stream can be read only once: a second `watch()` rejects with a {@link ProviderError} of code `config`.
 *
 * A stream that ends with unreadable data, or breaks, keeps no Sessions and stays open with its error, which
 * would otherwise be invisible.
 */
export function createStreamProvider({ name = 'stdin', input }: StreamProviderOptions): SessionProvider {
  let isUsed = false;
  return { name, watch: run };

  async function run(push: PushChange, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (isUsed) {
      throw new ProviderError('config', 'a stream can be read only once; start the gateway again');
    }
    isUsed = true;
    const reader = createSessionReader(name);
    const failure = await readAll(input, (chunk) => reader.push(chunk).forEach(push), signal);
    if (signal.aborted) return;
    reader.end().forEach(push);
    const problem = failure ?? reader.problem;
    if (problem === null) return;
    for (const id of reader.ids) push({ type: 'remove', id, reason: 'the stream has ended' });
    push({ type: 'stale', error: problem });
    await untilAborted(signal);
  }
}

/**
 * Passes each chunk on as it arrives. Resolves at the end of the input or when the signal aborts; with a
 * message when the input broke.
 */
function readAll(
  input: Readable,
  onChunk: (chunk: Uint8Array) => void,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const stopWaiting = finished(input, { writable: false }, (error) => {
      settle(() => resolve(error ? `the stream broke: ${error.message}` : null));
    });
    signal.addEventListener('abort', abandon, { once: true });
    input.on('data', onData);

    function onData(chunk: Uint8Array | string): void {
      try {
        onChunk(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
      } catch (error) {
        settle(() => reject(error));
      }
    }

    function abandon(): void {
      settle(() => resolve(null));
    }

    function settle(finish: () => void): void {
      stopWaiting();
      signal.removeEventListener('abort', abandon);
      input.off('data', onData);
      // A flowing input would keep the process alive.
      input.pause();
      finish();
    }
  });
}
