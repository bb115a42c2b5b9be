import { describe, expect, it } from 'vitest';
import { type FollowOptions, followStream } from '../../src/nats/follow-stream.js';
import { createFakeBucket } from '../support/fake-bucket.js';
import { createSteppedClock } from '../support/stepped-clock.js';

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

describe('a stream whose info arrives after messages that were written later', () => {
  it.each([
    ['while the beginning is read', { count: 25, messageMs: 100 }, 500],
    ['after a pause', { count: 1, messageMs: 0 }, 7_200],
  ])('is read on with the same consumer: %s', async (_, link, writeMs) => {
    const clock = createSteppedClock();
    const fake = createFakeBucket(clock, { ...link, infoMs: 900 });
    const reading = new AbortController();
    let last = 0;
    let caughtUp = 0;
    const outcome = follow(
      {
        bucket: fake.bucket,
        clock,
        onMessage({ seq }) {
          last = seq;
        },
        onCaughtUp() {
          caughtUp += 1;
        },
      },
      reading.signal,
    ).catch((error: Error) => error.message);
    let written = link.count;
    for (let ms = 0; ms < 8_000; ms += writeMs) {
      await clock.advance(writeMs);
      fake.write(clock.now());
      written += 1;
    }
    await clock.advance(1_000);
    reading.abort();
    await clock.advance(3_000);
    expect(await outcome).toBe(undefined);
    expect([fake.consumers(), caughtUp, last]).toEqual([1, 1, written]);
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
