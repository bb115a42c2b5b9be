import { describe, expect, it } from 'vitest';
import { createServerClock } from '../../src/nats/server-clock.js';
import { createSteppedClock } from '../support/stepped-clock.js';

const SERVERS_TIME = Date.parse('2020-01-01T00:00:00Z');

const PRESENCE_MS = 15_000;

/** A minute after the servers' time was recorded. */
async function setUp(presenceMs = PRESENCE_MS) {
  const clock = createSteppedClock();
  const servers = createServerClock(clock, presenceMs);
  servers.set(SERVERS_TIME);
  await clock.advance(60_000);
  return { clock, servers, now: SERVERS_TIME + 60_000 };
}

describe('a message by the estimate of the servers’ clock', () => {
  it.each([
    ['that arrives at once', 0, false],
    ['of a server whose clock is behind', 9_000, false],
    ['of a server whose clock is ahead', -9_000, false],
    ['that arrives after the process was suspended, or after the servers’ clock was set back', 10_000, true],
  ])('%s may be late: %s ms, %s', async (_, delayMs, isLate) => {
    const { servers, now } = await setUp();
    expect(servers.mayBeLate(now - delayMs)).toBe(isLate);
  });

  it('that is as old as a short presence time may be late', async () => {
    const { servers, now } = await setUp(3_000);
    expect(servers.mayBeLate(now - 2_999)).toBe(false);
    expect(servers.mayBeLate(now - 3_000)).toBe(true);
  });

  it('may be late before any time of the servers is known', () => {
    expect(createServerClock(createSteppedClock(), PRESENCE_MS).mayBeLate(SERVERS_TIME)).toBe(true);
  });

  it('is not late directly after the servers’ time was recorded, even if their clocks differ by more', async () => {
    const { clock, servers, now } = await setUp();
    servers.set(now);
    await clock.advance(9_999);
    expect(servers.mayBeLate(now - 30_000)).toBe(false);
    await clock.advance(1);
    expect(servers.mayBeLate(now - 30_000)).toBe(true);
  });

  it.each([
    ['slept, or its wall clock was set forward', 1_000],
    ['had its wall clock set back', -1_000],
  ])('may be late after this machine %s, until the next time of the servers', async (_, stepMs) => {
    const { clock, servers, now } = await setUp();
    clock.step(stepMs);
    expect(servers.mayBeLate(now)).toBe(true);
    servers.set(now);
    expect(servers.mayBeLate(now)).toBe(false);
  });
});
