import { describe, expect, it } from 'vitest';
import { sleep } from '../../src/lib/clock.js';
import type { Bucket } from '../../src/nats/bucket.js';
import { type FollowOptions, followStream } from '../../src/nats/follow-stream.js';
import { createSteppedClock } from '../support/stepped-clock.js';

interface FakeBucketOptions {
  /** Number of messages at the beginning. Default: 1. */
  readonly count?: number;
  /** Time that the link takes for a message of a consumer, in milliseconds. Default: 0. */
  readonly messageMs?: number;
  /** Time until the response to a request of a message, in milliseconds. Default: 0. */
  readonly pollMs?: number;
}

/** A bucket of which only a consumer and polling can be tested. */
function createFakeBucket(
  clock: ReturnType<typeof createSteppedClock>,
  { count = 1, messageMs = 0, pollMs = 0 }: FakeBucketOptions = {},
) {
  const created = new Date(clock.now() - 60_000).toISOString();
  const messages = Array.from({ length: count }, (_, i) => createMessage(i + 1, clock.now()));
  let mayCreate = true;
  let breakConsumer: (error: Error) => void = () => {};
  const neverEnding = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
  const createConsumer = (from: number) => ({
    info: async () => ({ created: new Date(clock.now()).toISOString(), num_pending: 0 }),
    async consume({ callback }: { readonly callback: (message: object) => void }) {
      const delivery = new AbortController();
      void deliver(from, callback, delivery.signal);
      return {
        closed: () =>
          new Promise((resolve) => {
            breakConsumer = resolve;
          }),
        stop: () => delivery.abort(),
        status: () => neverEnding,
      };
    },
    delete: async () => {},
  });
  async function deliver(from: number, callback: (message: object) => void, signal: AbortSignal) {
    for (let next = from; !signal.aborted; ) {
      const message = messages[next - 1];
      await sleep(clock, message ? messageMs : 100, signal);
      if (!message || signal.aborted) continue;
      callback(message);
      next += 1;
    }
  }
  let infoFailure: Error | null = null;
  const bucket = {
    address: { servers: ['127.0.0.1:4222'], bucket: 'b', subject: '>' },
    connection: {
      status: () => neverEnding,
    },
    manager: {
      streams: {
        async info() {
          if (infoFailure) throw infoFailure;
          return { created, state: { last_seq: messages.length, messages: 1 } };
        },
      },
    },
    jetstream: {
      consumers: {
        async get(_: string, { opt_start_seq: from = 1 }: { readonly opt_start_seq?: number }) {
          if (mayCreate) return createConsumer(from);
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
    /** Sets whether requests of the stream's info time out. */
    loseInfo(isLost: boolean) {
      infoFailure = isLost ? new Error('timeout') : null;
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

/** Reads all messages of a bucket. */
function follow(
  options: Pick<FollowOptions, 'bucket' | 'clock' | 'onMessage' | 'onCaughtUp'>,
  signal: AbortSignal,
): Promise<void> {
  return followStream({ stream: 'KV_b', subject: '>', begin: 'all', mayRepeat: false, ...options }, signal);
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
    const outcome = follow(
      { bucket: fake.bucket, clock, onMessage: ({ seq }) => read.push(seq), onCaughtUp() {} },
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

describe('a stream whose beginning takes 20 s to read', () => {
  /** Reads it for 80 s, while messages are written. */
  async function readSlowly(writeMs: number, infoLostMs: number) {
    const clock = createSteppedClock();
    const fake = createFakeBucket(clock, { count: 100, messageMs: 200 });
    const reading = new AbortController();
    let caughtUpAt = Number.NaN;
    /** Age of the oldest message that was read afterwards. */
    let oldestMs = 0;
    const start = clock.now();
    const outcome = follow(
      {
        bucket: fake.bucket,
        clock,
        onMessage({ writtenAt }) {
          if (caughtUpAt > 0) oldestMs = Math.max(oldestMs, clock.now() - writtenAt);
        },
        onCaughtUp() {
          caughtUpAt = clock.now() - start;
        },
      },
      reading.signal,
    ).catch((error: Error) => error.message);
    await clock.advance(100);
    fake.loseInfo(infoLostMs > 0);
    for (let ms = 0; ms < 80_000; ms += writeMs) {
      await clock.advance(writeMs);
      if (ms >= infoLostMs) fake.loseInfo(false);
      fake.write(clock.now());
    }
    reading.abort();
    await clock.advance(3_000);
    return { failure: await outcome, caughtUpAt, oldestMs };
  }

  it.each([
    ['', 0],
    [', also if the stream’s info cannot be read in time because messages come before it', 30_000],
  ])('includes all that is written meanwhile in its beginning%s', async (_, infoLostMs) => {
    const { failure, caughtUpAt, oldestMs } = await readSlowly(500, infoLostMs);
    expect(failure).toBe(undefined);
    expect(caughtUpAt).toBeLessThan(Math.max(infoLostMs, 20_000) + 20_000);
    // Not as old as the presence time, 15 s: the reader would have to begin again.
    expect(oldestMs).toBeLessThan(2_000);
  });

  it.each([
    ['', 0],
    [', and its info cannot be read', 80_000],
  ])('catches up although it is written faster than it can be read%s', async (_, infoLostMs) => {
    const { caughtUpAt } = await readSlowly(100, infoLostMs);
    expect(caughtUpAt).toBeGreaterThan(20_000);
  });
});

describe('a message of unknown age that is requested while a consumer is created', () => {
  it('is read from the consumer, with its age, though the response arrives later', async () => {
    const clock = createSteppedClock();
    const fake = createFakeBucket(clock, { pollMs: 50 });
    const ages: number[] = [];
    const reading = new AbortController();
    const ended = follow(
      { bucket: fake.bucket, clock, onMessage: ({ ageMs }) => ages.push(ageMs), onCaughtUp() {} },
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
