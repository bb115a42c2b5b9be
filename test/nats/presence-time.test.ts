import { describe, expect, it } from 'vitest';
import { createPresenceTimeChange, PRESENCE_CHECK_MS } from '../../src/nats/presence-time.js';
import { createManualClock } from '../support/manual-clock.js';

/** A gateway or publisher that compares the presence time of a bucket, with the time that it has taken. */
function follow(role: 'gateway' | 'publisher', presenceMs: number) {
  const clock = createManualClock();
  const change = createPresenceTimeChange(clock, role);
  const state = {
    presenceMs,
    async compareAt(ms: number, foundMs: number) {
      await clock.advance(ms - elapsed);
      elapsed = ms;
      if (change.isDue(state.presenceMs, foundMs)) state.presenceMs = foundMs;
    },
  };
  let elapsed = 0;
  return state;
}

describe('a changed presence time', () => {
  it.each([
    ['lowered', 60_000, 15_000],
    ['raised', 15_000, 60_000],
  ])('is never longer at a publisher than at a gateway when it is %s', async (_, before, after) => {
    // The change is at 0. Each side compares at once, or at the end of an interval.
    for (const gatewayAt of [0, PRESENCE_CHECK_MS]) {
      for (const publisherAt of [0, PRESENCE_CHECK_MS]) {
        const gateway = follow('gateway', before);
        const publisher = follow('publisher', before);
        for (let ms = 0; ms <= 4 * PRESENCE_CHECK_MS; ms += 1_000) {
          // The side that is to be first, so that both may compare at the same moment.
          const [first, second] = after > before ? [gateway, publisher] : [publisher, gateway];
          for (const side of [first, second]) {
            const at = side === gateway ? gatewayAt : publisherAt;
            if (ms >= at && (ms - at) % PRESENCE_CHECK_MS === 0) await side.compareAt(ms, after);
          }
          expect(publisher.presenceMs).toBeLessThanOrEqual(gateway.presenceMs);
        }
        expect([gateway.presenceMs, publisher.presenceMs]).toEqual([after, after]);
      }
    }
  });

  it.each([
    ['gateway', 15_000, 60_000],
    ['publisher', 60_000, 15_000],
  ] as const)('is taken by a %s at the first comparison in its direction', async (role, before, after) => {
    const side = follow(role, before);
    await side.compareAt(0, after);
    expect(side.presenceMs).toBe(after);
  });

  it('is not taken by a gateway if it is changed back before it is due', async () => {
    const gateway = follow('gateway', 60_000);
    for (const [minute, foundMs] of [15_000, 60_000, 15_000, 20_000, 15_000, 15_000].entries()) {
      await gateway.compareAt(minute * PRESENCE_CHECK_MS, foundMs);
    }
    expect(gateway.presenceMs).toBe(60_000);
    await gateway.compareAt(6 * PRESENCE_CHECK_MS, 15_000);
    expect(gateway.presenceMs).toBe(15_000);
  });
});
