import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Change } from '../../src/model/change.js';
import { type PushChange, streamChanges } from '../../src/providers/change-stream.js';
import { anyChanges, outcomeOf } from '../support/change-arbitrary.js';

const EMPTY: Change = { type: 'snapshot', sessions: [] };
const STALE: Change = { type: 'stale', error: 'why' };

/** A stream whose producer is in the test's hand. */
function startStream({ maxBehind = 100, aborted = false } = {}) {
  const controller = new AbortController();
  if (aborted) controller.abort();
  let runs = 0;
  let push: PushChange = () => {};
  let end = () => {};
  let fail = (_error: Error) => {};
  let inner: AbortSignal | undefined;
  const source = streamChanges(
    (pushChange, signal) => {
      runs += 1;
      push = pushChange;
      inner = signal;
      return new Promise((resolve, reject) => {
        end = resolve;
        fail = reject;
      });
    },
    maxBehind,
    controller.signal,
  );
  const iterator = source[Symbol.asyncIterator]();
  return {
    iterator,
    abort: () => controller.abort(),
    push: (change: Change) => push(change),
    end: () => end(),
    fail: (error: Error) => fail(error),
    runs: () => runs,
    isProducerAborted: () => inner?.aborted,
  };
}

/** All that is to be had until the end. */
async function drain(iterator: AsyncIterator<Change>): Promise<Change[]> {
  const changes: Change[] = [];
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) changes.push(next.value);
  return changes;
}

test('gives the changes in order, to who waits and to who comes later', async () => {
  const { iterator, push, end } = startStream();
  const waiting = [iterator.next(), iterator.next()];
  push(EMPTY);
  push(STALE);
  push(EMPTY);
  expect(await Promise.all(waiting)).toEqual([
    { done: false, value: EMPTY },
    { done: false, value: STALE },
  ]);
  end();
  expect(await drain(iterator)).toEqual([EMPTY]);
});

test('an error comes after what was pushed before it, once', async () => {
  const { iterator, push, fail } = startStream();
  push(EMPTY);
  fail(new Error('broke'));
  expect(await iterator.next()).toEqual({ done: false, value: EMPTY });
  await expect(iterator.next()).rejects.toThrow('broke');
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
});

test('of several who wait, the first gets the error and the others the end', async () => {
  const { iterator, fail } = startStream();
  const waiting = [iterator.next(), iterator.next()];
  fail(new Error('broke'));
  await expect(waiting[0]).rejects.toThrow('broke');
  expect(await waiting[1]).toEqual({ done: true, value: undefined });
});

test('ends at once when the signal aborts while it is idle, and ends the producer', async () => {
  const { iterator, abort, isProducerAborted } = startStream();
  const waiting = iterator.next();
  abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(isProducerAborted()).toBe(true);
});

test('ends at once by return() while it is idle, twice without harm, and ends the producer', async () => {
  const { iterator, isProducerAborted } = startStream();
  const waiting = iterator.next();
  await iterator.return?.();
  await iterator.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(isProducerAborted()).toBe(true);
});

test('after its end gives nothing more, of what was queued or is still pushed', async () => {
  const { iterator, push, fail } = startStream();
  push(EMPTY);
  await iterator.return?.();
  push(STALE);
  fail(new Error('broke'));
  expect(await drain(iterator)).toEqual([]);
});

test('with a signal that has aborted already nothing is begun', async () => {
  const { iterator, runs } = startStream({ aborted: true });
  expect(await drain(iterator)).toEqual([]);
  expect(runs()).toBe(0);
});

test('U1: a consumer that is behind costs bounded memory and still comes to the newest state', async () => {
  const pace = fc.array(fc.boolean());
  await fc.assert(
    fc.asyncProperty(anyChanges, pace, fc.integer({ min: 0, max: 4 }), async (changes, pulls, maxBehind) => {
      const { iterator, push, end } = startStream({ maxBehind });
      const got: Change[] = [];
      for (const [index, change] of changes.entries()) {
        push(change);
        const next = pulls[index] ? await iterator.next() : undefined;
        if (next && !next.done) got.push(next.value);
      }
      end();
      const rest = await drain(iterator);
      expect(rest.length).toBeLessThanOrEqual(maxBehind + 2 * 3 + 2);
      expect(outcomeOf([...got, ...rest])).toEqual(outcomeOf(changes));
    }),
  );
});
