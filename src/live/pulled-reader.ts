import type { Group } from './group.js';
import { isRepeated, type Payload } from './payload.js';
import type { LiveEvent } from './view.js';

/** A stream of a group's payloads. */
export type PayloadStream = AsyncGenerator<Payload, undefined, undefined>;

/**
 * The payloads of a reader's events, without those that repeat what it has (S6). `return()` ends the events too, which
 * answers a pending `next()` at once: an async generator function would wait for it (S7).
 *
 * @param leave tells the group that the reader has ended
 * @param cut closes the reader's connection when it takes too long to read a large payload
 */
export function createPulledReader(
  group: Group,
  events: AsyncGenerator<LiveEvent, undefined, undefined>,
  leave: () => void,
  cut: () => void,
): PayloadStream {
  let last: Buffer | null = null;
  let release: (() => void) | undefined;
  let isEnded = false;

  return {
    async next() {
      // Whoever asks for the next payload has sent the one before.
      release?.();
      for (;;) {
        const { done, value } = await events.next();
        if (done) return { done, value: undefined };
        const payload = await group.payloadOf(value);
        if (isEnded) return { done: true, value: undefined };
        if (isRepeated(payload, last)) continue;
        last = payload.identity;
        release = payload.memory?.retain(cut);
        group.metrics.pulled.payloads += 1;
        return { done: false, value: payload };
      }
    },
    async return() {
      end();
      await events.return(undefined);
      return { done: true, value: undefined };
    },
    async throw(error) {
      end();
      await events.return(undefined);
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };

  function end(): void {
    isEnded = true;
    release?.();
    leave();
  }
}
