import { describe, expect, it } from 'vitest';
import type { Bucket } from '../../src/nats/bucket.js';
import { followStream } from '../../src/nats/follow-stream.js';
import { createSteppedClock } from '../support/stepped-clock.js';

/**
 * A bucket with one message, of which only a consumer and polling can be tested.
 *
 * @param pollMs time until the response to a request of a message
 */
function createFakeBucket(clock: ReturnType<typeof createSteppedClock>, pollMs = 0) {
  const created = new Date(clock.now() - 60_000).toISOString();
  const messages = [createMessage(1, clock.now())];
  let mayCreate = true;
  let breakConsumer: (error: Error) => void = () => {};
  const neverEnding = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
  const createConsumer = () => ({
    info: async () => ({ created: new Date(clock.now()).toISOString(), num_pending: 0 }),
    async consume({ callback }: { readonly callback: (message: object) => void }) {
      queueMicrotask(() => {
        for (const message of messages) callback(message);
      });
      return {
        closed: () =>
          new Promise((resolve) => {
            breakConsumer = resolve;
          }),
        stop() {},
        status: () => neverEnding,
      };
    },
    delete: async () => {},
  });
  const bucket = {
    address: { servers: ['127.0.0.1:4222'], bucket: 'b', subject: '>' },
    connection: {
      status: () => neverEnding,
    },
    manager: {
      streams: { info: async () => ({ created, state: { last_seq: messages.length, messages: 1 } }) },
    },
    jetstream: {
      consumers: {
        async get() {
          if (mayCreate) return createConsumer();
          await new Promise<void>((resolve) => clock.after(3_000, resolve));
          throw new Error('timeout');
        },
      },
    },
    pollManager: {
      streams: {
        async getMessage(_: string, { seq }: { readonly seq: number }) {
          const message = messages[seq - 1] ?? null;
          if (pollMs > 0) await new Promise<void>((resolve) => clock.after(pollMs, resolve));
          return message;
        },
      },
    },
  };
  return {
    bucket: bucket as unknown as Bucket,
    /** Breaks the consumer. Another one is created at once. */
    breakConsumer: () => breakConsumer(new Error('heartbeats missed')),
    /** Breaks the consumer, and prevents that another is created. */
    loseConsumers() {
      mayCreate = false;
      breakConsumer(new Error('heartbeats missed'));
    },
    /** Writes a message at the servers' time. */
    write(time: number) {
      messages.push(createMessage(messages.length + 1, time));
    },
  };
}

/** A message as from a consumer and as from a request. */
function createMessage(seq: number, time: number) {
  return {
    subject: '$KV.b.a.Tiltfile',
    seq,
    headers: undefined,
    data: new Uint8Array(),
    time: new Date(time),
    info: { timestampNanos: time * 1_000_000 },
  };
}

describe('a stream of which no consumer can be created, so that each next message is requested', () => {
  it.each([
    ['reads a message that is written meanwhile', 0, [1, 2], undefined],
    [
      'fails if the age of a message is unknown because the clock was set',
      2_000,
      [1],
      'nats://127.0.0.1:4222/b: timeout',
    ],
  ])('%s', async (_, stepMs, expected, failure) => {
    const clock = createSteppedClock();
    const fake = createFakeBucket(clock);
    const read: number[] = [];
    const reading = new AbortController();
    const outcome = followStream(
      {
        bucket: fake.bucket,
        stream: 'KV_b',
        subject: '>',
        begin: 'all',
        mayRepeat: false,
        clock,
        onMessage: ({ seq }) => read.push(seq),
        onCaughtUp() {},
      },
      reading.signal,
    ).catch((error: Error) => error.message);
    await clock.advance(5_000);
    clock.step(stepMs);
    fake.loseConsumers();
    await clock.advance(2_000);
    fake.write(clock.now() - stepMs);
    await clock.advance(20_000);
    expect(read).toEqual(expected);
    reading.abort();
    await clock.advance(3_000);
    expect(await outcome).toBe(failure);
  });
});

describe('a message of unknown age that is requested while a consumer is created', () => {
  it('is read from the consumer, with its age, though the response arrives later', async () => {
    const clock = createSteppedClock();
    const fake = createFakeBucket(clock, 50);
    const ages: number[] = [];
    const reading = new AbortController();
    const ended = followStream(
      {
        bucket: fake.bucket,
        stream: 'KV_b',
        subject: '>',
        begin: 'all',
        mayRepeat: false,
        clock,
        onMessage: ({ ageMs }) => ages.push(ageMs),
        onCaughtUp() {},
      },
      reading.signal,
    );
    await clock.advance(20_000);
    fake.write(clock.now());
    // As after the machine slept.
    clock.step(600_000);
    fake.breakConsumer();
    await clock.advance(1_000);
    expect(ages[1]).toBeGreaterThanOrEqual(600_000);
    reading.abort();
    await clock.advance(3_000);
    await ended;
  });
});
