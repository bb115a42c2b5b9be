import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { endingAtOnce } from '../../src/providers/ending-at-once.js';

describe('endingAtOnce', () => {
  it('gives what the source gives, and ends when it ends', async () => {
    const controller = new AbortController();
    const values = endingAtOnce(controller.signal, async function* () {
      yield* [1, 2, 3];
    });
    const seen: number[] = [];
    for await (const value of values) seen.push(value);
    expect(seen).toEqual([1, 2, 3]);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('throws what the source throws, and is over then', async () => {
    const values = endingAtOnce<number>(new AbortController().signal, async function* () {
      yield 1;
      throw new Error('broken');
    });
    await values.next();
    await expect(values.next()).rejects.toThrow('broken');
    expect(await values.next()).toEqual({ done: true, value: undefined });
  });

  it('throws what starting the source throws', async () => {
    const values = endingAtOnce<number>(new AbortController().signal, () => {
      throw new Error('no start');
    });
    await expect(values.next()).rejects.toThrow('no start');
  });

  it('ends at once when the signal aborts while the source does not react', async () => {
    const controller = new AbortController();
    const values = endingAtOnce(controller.signal, () => deaf());
    const next = values.next();
    controller.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('ends every pending next() when return() is called, and tells the source', async () => {
    const controller = new AbortController();
    let given: AbortSignal | null = null;
    const values = endingAtOnce(controller.signal, (signal) => {
      given = signal;
      return deaf();
    });
    const pending = [values.next(), values.next()];
    await values.return?.();
    expect(await Promise.all(pending)).toEqual(Array(2).fill({ done: true, value: undefined }));
    expect(given).toHaveProperty('aborted', true);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('does not start the source when the signal has aborted before', async () => {
    const values = endingAtOnce<number>(AbortSignal.abort(), () => expect.unreachable());
    expect(await values.next()).toEqual({ done: true, value: undefined });
  });

  it('drops what the source says and throws after the end', async () => {
    const controller = new AbortController();
    let fail = (_: Error) => {};
    const values = endingAtOnce(controller.signal, () => ({
      next: () => new Promise<IteratorResult<number>>((_, reject) => (fail = reject)),
      return: () => Promise.reject(new Error('late, too')),
    }));
    const next = values.next();
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    fail(new Error('late'));
    expect(await next).toEqual({ done: true, value: undefined });
  });
});

/** Never gives anything, and never ends. */
function deaf(): AsyncIterator<number> {
  return { next: () => new Promise(() => {}) };
}
