import type { Group } from './group.js';
import { isRepeated, type Payload } from './payload.js';
import type { LiveEvent } from './view.js';

/** A stream of a group's payloads. */
export type PayloadStream = AsyncGenerator<Payload, undefined, undefined>;

/**
 * The payloads of a reader's events, without those that repeat what it has (S6). `return()` ends the events too, which
 * answers a pending `next()` at once: an async generator function would wait for it (S7).
 */
export function createPulledReader(
  group: Group,
  events: AsyncGenerator<LiveEvent, undefined, undefined>,
  leave: () => void,
): PayloadStream {
  let last: Payload | null = null;
  return {
    async next() {
      for (;;) {
        const { done, value } = await events.next();
        if (done) return { done, value: undefined };
        const payload = await group.payloadOf(value);
        if (isRepeated(payload, last)) continue;
        last = payload;
        group.metrics.pulled.payloads += 1;
        return { done: false, value: payload };
      }
    },
    async return() {
      leave();
      await events.return(undefined);
      return { done: true, value: undefined };
    },
    async throw(error) {
      leave();
      await events.return(undefined);
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
