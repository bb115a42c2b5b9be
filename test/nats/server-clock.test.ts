import { describe, expect, it } from 'vitest';
import { createServerClock } from '../../src/nats/server-clock.js';
import { createSteppedClock } from '../support/stepped-clock.js';

const SERVERS_TIME = Date.parse('2020-01-01T00:00:00Z');

function setUp() {
  const clock = createSteppedClock();
  const servers = createServerClock(clock);
  servers.set(SERVERS_TIME);
  return { clock, servers };
}

describe('the delay of a message by the servers’ clock', () => {
  it('is the time since its write, whatever the wall clock of this machine says', async () => {
    const { clock, servers } = setUp();
    await clock.advance(20_000);
    expect(servers.measureDelay(SERVERS_TIME + 5_000)).toBe(15_000);
    clock.step(3_600_000);
    expect(servers.measureDelay(SERVERS_TIME + 5_000)).toBe(15_000);
  });

  it.each([
    ['that was read at once', 500],
    ['of a server whose clock is ahead', -2_000],
  ])('is 0 for a message %s', async (_, delayMs) => {
    const { clock, servers } = setUp();
    await clock.advance(20_000);
    expect(servers.measureDelay(SERVERS_TIME + 20_000 - delayMs)).toBe(0);
  });

  it('is 0 while nothing is known', () => {
    expect(createServerClock(createSteppedClock()).measureDelay(SERVERS_TIME)).toBe(0);
  });
});

describe('the servers’ time', () => {
  it('is not known before the first one', () => {
    expect(createServerClock(createSteppedClock()).isUncertain).toBe(true);
  });

  it.each([
    ['slept, or its wall clock was set forward', 1_000],
    ['had its wall clock set back', -1_000],
  ])('is not known after this machine %s, until the next one', async (_, stepMs) => {
    const { clock, servers } = setUp();
    await clock.advance(60_000);
    expect(servers.isUncertain).toBe(false);
    clock.step(stepMs);
    expect(servers.isUncertain).toBe(true);
    servers.set(SERVERS_TIME + 60_000);
    expect(servers.isUncertain).toBe(false);
  });
});
