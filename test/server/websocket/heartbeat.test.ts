import { describe, expect, it } from 'vitest';
import { createHeartbeat } from '../../../src/server/websocket/heartbeat.js';
import { createManualClock } from '../../support/manual-clock.js';

/** Creates a connection that counts its pings. */
function createCounter() {
  const counter = {
    pings: 0,
    ping: () => {
      counter.pings += 1;
    },
  };
  return counter;
}

describe('the WebSocket keep-alive', () => {
  it('each WebSocket is pinged every 12 s, starting 12 s after it was added', async () => {
    const clock = createManualClock();
    const heartbeat = createHeartbeat(clock);
    const [early, late] = [createCounter(), createCounter()];
    heartbeat.add(early);
    await clock.advance(5_000);
    heartbeat.add(late);
    await clock.advance(6_999);
    expect([early.pings, late.pings]).toEqual([0, 0]);
    await clock.advance(1);
    expect([early.pings, late.pings]).toEqual([1, 0]);
    await clock.advance(5_000);
    expect([early.pings, late.pings]).toEqual([1, 1]);
    await clock.advance(48_000);
    expect([early.pings, late.pings]).toEqual([5, 5]);
  });

  it('the keep-alive has no timer when no WebSocket is left', async () => {
    const clock = createManualClock();
    const heartbeat = createHeartbeat(clock);
    const [one, two] = [createCounter(), createCounter()];
    heartbeat.add(one);
    heartbeat.add(two);
    heartbeat.delete(one);
    heartbeat.delete(one);
    expect(clock.pending).toBe(1);
    heartbeat.delete(two);
    expect(clock.pending).toBe(0);
    await clock.advance(24_000);
    expect([one.pings, two.pings]).toEqual([0, 0]);
  });

  it('a WebSocket may be removed while it is being pinged', async () => {
    const clock = createManualClock();
    const heartbeat = createHeartbeat(clock);
    const leaving = { ping: () => heartbeat.delete(leaving) };
    heartbeat.add(leaving);
    await clock.advance(12_000);
    expect(clock.pending).toBe(0);
  });
});
