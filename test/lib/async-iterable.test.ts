import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createAsyncIterable, type Feed } from '../../src/lib/async-iterable.js';

const DONE = { done: true, value: undefined };

/** An async iterable of a list that the test adds to. */
function setUp() {
  const controller = new AbortController();
  const values: number[] = [];
  const feeds: Feed[] = [];
  let stops = 0;
  const iterable = createAsyncIterable<number>(controller.signal, (feed) => {
    feeds.push(feed);
    return {
      take: () => values.shift(),
      stop() {
        stops += 1;
      },
    };
  });
  return {
    start: () => iterable[Symbol.asyncIterator](),
    push(...more: number[]) {
      values.push(...more);
      for (const feed of feeds) feed.notify();
    },
    finish: (error: Error | null = null) => feeds.forEach((feed) => void feed.finish(error)),
    abort: () => controller.abort(),
    opened: () => feeds.length,
    stops: () => stops,
    listeners: () => getEventListeners(controller.signal, 'abort').length,
  };
}

describe('createAsyncIterable', () => {
  it('delivers values in order, to a consumer that waits and to one that arrives later', async () => {
    const { start, push } = setUp();
    const iteration = start();
    const waiting = [iteration.next(), iteration.next()];
    push(1, 2, 3);
    expect(await Promise.all([...waiting, iteration.next()])).toEqual(
      [1, 2, 3].map((value) => ({ done: false, value })),
    );
  });

  it('delivers the remaining values after the source has finished, and then ends', async () => {
    const { start, push, finish, stops, listeners } = setUp();
    const iteration = start();
    push(1, 2);
    finish();
    const results = [await iteration.next(), await iteration.next(), await iteration.next()];
    expect(results).toEqual([{ done: false, value: 1 }, { done: false, value: 2 }, DONE]);
    expect([stops(), listeners()]).toEqual([1, 0]);
  });

  it('throws the error of its source once, after the values before it', async () => {
    const { start, push, finish } = setUp();
    const iteration = start();
    push(1);
    finish(new Error('broken'));
    expect(await iteration.next()).toEqual({ done: false, value: 1 });
    await expect(iteration.next()).rejects.toThrow('broken');
    expect(await iteration.next()).toEqual(DONE);
  });

  it('ends at once on return() while it is idle, also when called twice, and stops its source once', async () => {
    const { start, push, stops, listeners } = setUp();
    const iteration = start();
    const waiting = [iteration.next(), iteration.next()];
    await iteration.return?.();
    await iteration.return?.();
    expect(await Promise.all(waiting)).toEqual([DONE, DONE]);
    push(1);
    expect(await iteration.next()).toEqual(DONE);
    expect([stops(), listeners()]).toEqual([1, 0]);
  });

  it('ends at once when the signal aborts while it is idle, and drops the remaining values', async () => {
    const { start, push, abort, stops } = setUp();
    const [idle, behind] = [start(), start()];
    const waiting = idle.next();
    abort();
    push(1);
    expect(await Promise.all([waiting, behind.next()])).toEqual([DONE, DONE]);
    expect(stops()).toBe(2);
  });

  it('opens no source when the signal has already aborted', async () => {
    const { start, abort, opened } = setUp();
    abort();
    expect(await start().next()).toEqual(DONE);
    expect(opened()).toBe(0);
  });

  it('stops a source that finishes while it is being opened', async () => {
    let stops = 0;
    const iterable = createAsyncIterable<number>(undefined, (feed) => {
      feed.finish(null);
      return {
        take: () => undefined,
        stop() {
          stops += 1;
        },
      };
    });
    expect(await iterable[Symbol.asyncIterator]().next()).toEqual(DONE);
    expect(stops).toBe(1);
  });
});
