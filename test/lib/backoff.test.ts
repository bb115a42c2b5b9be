import { describe, expect, it } from 'vitest';
import { createBackoff } from '../../src/lib/backoff.js';
import { createManualClock } from '../support/manual-clock.js';

const always = (value: number) => () => value;

describe('createBackoff', () => {
  it('doubles the upper limit of the delay from 0.8 s to 30 s', () => {
    const backoff = createBackoff(createManualClock(), always(1));
    const waits = Array.from({ length: 8 }, () => backoff.nextDelayMs());
    expect(waits).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  });

  it('waits a random part of the limit, so that many clients do not return at once', () => {
    const backoff = createBackoff(createManualClock(), always(0.25));
    expect([backoff.nextDelayMs(), backoff.nextDelayMs()]).toEqual([200, 400]);
  });

  it('starts again after two minutes of health', async () => {
    const clock = createManualClock();
    const backoff = createBackoff(clock, always(1));
    backoff.nextDelayMs();
    backoff.markHealthy();
    await clock.advance(119_999);
    expect(backoff.nextDelayMs()).toBe(1600);
    backoff.markHealthy();
    await clock.advance(60_000);
    backoff.markHealthy();
    await clock.advance(60_000);
    expect(backoff.nextDelayMs()).toBe(800);
  });

  it('restarts the healthy period after an error', async () => {
    const clock = createManualClock();
    const backoff = createBackoff(clock, always(1));
    backoff.nextDelayMs();
    backoff.markHealthy();
    await clock.advance(60_000);
    backoff.markUnhealthy();
    await clock.advance(60_000);
    expect(backoff.nextDelayMs()).toBe(1600);
  });

  it('tries each of several servers once without a delay and once per limit, with a minimum delay', () => {
    const options = { firstMs: 250, maxMs: 2_500, minShare: 0.5, healthyMs: 5_000, peers: 2 };
    const backoff = createBackoff(createManualClock(), always(0), options);
    const waits = Array.from({ length: 10 }, () => backoff.nextDelayMs());
    expect(waits).toEqual([0, 125, 125, 250, 250, 500, 500, 1_000, 1_000, 1_250]);
  });

  it('waits at least as long as the server asks for, up to five minutes', () => {
    const backoff = createBackoff(createManualClock(), always(0.5));
    expect(backoff.nextDelayMs(7_000)).toBe(7_000);
    expect(backoff.nextDelayMs(10)).toBe(800);
    expect(backoff.nextDelayMs(86_400_000)).toBe(300_000);
  });
});
