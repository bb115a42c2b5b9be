import { createSourceEventStream, type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import { maskResult } from '../graphql/mask.js';
import type { Log } from '../log.js';
import { isLiveEvent } from './view.js';

/** Where a result stands in its stream: carried beside the data, since a client need not select `cursor`. */
export const cursorKey: unique symbol = Symbol('cursor');

/** A payload of a subscription. */
export interface LiveResult extends ExecutionResult {
  readonly [cursorKey]: string;
}

/**
 * GraphQL's `subscribe`, for every transport: one execution per event of the source, and nothing where the client
 * would get what it has (S6). The stream is pulled, so that a transport's backpressure reaches the reader's backlog.
 */
export async function subscribe(
  args: ExecutionArgs,
  log: Log,
): Promise<ExecutionResult | AsyncGenerator<LiveResult, undefined, undefined>> {
  const source = await createSourceEventStream(args);
  return isStream(source) ? executeEach(source[Symbol.asyncIterator](), args, log) : maskResult(source, log);
}

function executeEach(
  source: AsyncIterator<unknown>,
  args: ExecutionArgs,
  log: Log,
): AsyncGenerator<LiveResult, undefined, undefined> {
  let last: string | null = null;
  return {
    async next() {
      for (;;) {
        const { done, value: event } = await source.next();
        if (done || !isLiveEvent(event)) return { done: true, value: undefined };
        const result = maskResult(await execute({ ...args, rootValue: event }), log);
        if (event.onlyIfDifferent) {
          const text = JSON.stringify(result);
          if (text === last) continue;
          last = text;
        }
        return { done: false, value: { ...result, [cursorKey]: event.cursor } };
      }
    },
    // Ends the source, which answers a pending `next` at once: an async generator function would wait for it (S7).
    async return() {
      await source.return?.();
      return { done: true, value: undefined };
    },
    async throw(error) {
      await source.return?.();
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function isStream(source: AsyncIterable<unknown> | ExecutionResult): source is AsyncIterable<unknown> {
  return Symbol.asyncIterator in source;
}
