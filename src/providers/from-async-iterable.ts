import type { Change } from '../model/change.js';
import type { SessionProvider } from './provider.js';

/**
 * Creates a provider from an async iterable of changes, such as an async generator function. An error that it throws counts
 * as a broken link, its end as the end of the source.
 *
 * @param iterate called for each watch. Whatever waits inside should listen to the signal: an async generator that waits for
 *   something else is left only when that comes
 */
export function fromAsyncIterable(
  name: string,
  iterate: (signal: AbortSignal) => AsyncIterable<Change>,
): SessionProvider {
  return {
    name,
    async watch(push, signal) {
      if (signal.aborted) return;
      const changes = iterate(signal)[Symbol.asyncIterator]();
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', abandon, { once: true });
        void pushAll()
          .then(resolve, reject)
          .finally(() => signal.removeEventListener('abort', abandon));

        async function pushAll(): Promise<void> {
          for (let next = await changes.next(); !next.done; next = await changes.next()) {
            if (signal.aborted) return;
            push(next.value);
          }
        }

        function abandon(): void {
          resolve();
          void release(changes);
        }
      });
    },
  };
}

async function release(changes: AsyncIterator<Change>): Promise<void> {
  try {
    await changes.return?.();
  } catch {
    // The watch is over: an error of its end concerns nobody.
  }
}
