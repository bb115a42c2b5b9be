import { describe, expect, it } from 'vitest';
import { createDeliveryDelay } from '../../src/nats/delivery-delay.js';
import { createSteppedClock } from '../support/stepped-clock.js';

const PRESENCE_MS = 15_000;

/** A measurement of a connection whose server answers pings, or none. */
async function setUp() {
  const clock = createSteppedClock();
  let answers = true;
  const pings: (() => void)[] = [];
  const connection = {
    flush: () =>
      new Promise<void>((resolve) => {
        if (answers) resolve();
        else pings.push(resolve);
      }),
  };
  const delay = createDeliveryDelay({ connection, presenceMs: PRESENCE_MS }, clock);
  const following = new AbortController();
  const ended = delay.follow(following.signal);
  await clock.advance(60_500);
  return {
    clock,
    delay,
    holdAnswers() {
      answers = false;
    },
    async answer() {
      answers = true;
      for (const resolve of pings.splice(0)) resolve();
      await clock.advance(0);
    },
    async end() {
      following.abort();
      await ended;
    },
  };
}

describe('the delay of a heartbeat', () => {
  it('is none while the server answers, and leaves no timer', async () => {
    const { clock, delay, end } = await setUp();
    expect(delay.maxMs()).toBe(0);
    await end();
    expect(clock.pending).toBe(0);
  });

  it('counts from the last answered ping, until the next one is answered', async () => {
    const { clock, delay, holdAnswers, answer, end } = await setUp();
    holdAnswers();
    await clock.advance(2_000);
    expect(delay.maxMs()).toBe(0);
    await clock.advance(28_000);
    expect(delay.maxMs()).toBe(30_500);
    // The answer to a ping that was sent before says nothing about what the server has sent since.
    await answer();
    expect(delay.maxMs()).toBe(29_500);
    await clock.advance(1_000);
    expect(delay.maxMs()).toBe(0);
    await end();
  });

  it('contains the time for which the machine slept', async () => {
    const { clock, delay, end } = await setUp();
    clock.step(600_000);
    expect(delay.maxMs()).toBe(600_500);
    await clock.advance(1_000);
    expect(delay.maxMs()).toBe(0);
    await end();
  });
});
