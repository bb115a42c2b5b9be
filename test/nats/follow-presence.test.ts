import { describe, expect, it } from 'vitest';
import { followPresence } from '../../src/nats/follow-presence.js';
import { createFakeBucket } from '../support/fake-bucket.js';
import { createManualClock } from '../support/manual-clock.js';

describe('heartbeats that a slow link takes 6 s to deliver', () => {
  const LINK = { count: 30, messageMs: 200 };

  function follow(maySubscribe: boolean) {
    const clock = createManualClock();
    const fake = createFakeBucket(clock, { ...LINK, maySubscribe });
    const ages: number[] = [];
    let isCaughtUp = false;
    const reading = new AbortController();
    const reader = {
      seen: (_key: string, _publisher: string, ageMs = 0) => void ages.push(ageMs),
      reported() {},
      gone() {},
      presenceCaughtUp() {
        isCaughtUp = true;
      },
    };
    const ended = followPresence({ bucket: fake.bucket, subject: '>', reader, clock }, reading.signal);
    return {
      clock,
      fake,
      /** Ages of the heartbeats since the last call. */
      ages: () => ages.splice(0),
      isCaughtUp: () => isCaughtUp,
      async end() {
        reading.abort();
        await clock.advance(3_000);
        await ended;
      },
    };
  }

  it('have their age on arrival, not that at the creation of the consumer', async () => {
    const { clock, ages, isCaughtUp, end } = follow(true);
    await clock.advance(10_000);
    expect(isCaughtUp()).toBe(true);
    const found = ages();
    expect(found).toHaveLength(LINK.count);
    expect(found.at(0)).toBe(LINK.messageMs);
    expect(found.at(-1)).toBe(LINK.count * LINK.messageMs);
    await end();
  });

  it('have the right age also when they are read again because the subscription has ended', async () => {
    const { clock, fake, ages, end } = follow(true);
    await clock.advance(60_000);
    ages();
    fake.endSubscription();
    await clock.advance(10_000);
    expect(ages().at(-1)).toBe(60_000 + LINK.count * LINK.messageMs);
    await end();
  });

  it('are followed by new ones without an age, if they may not be subscribed to', async () => {
    const { clock, fake, ages, isCaughtUp, end } = follow(false);
    await clock.advance(30_000);
    expect(isCaughtUp()).toBe(true);
    ages();
    fake.write(clock.now());
    await clock.advance(1_000);
    expect(ages()).toEqual([0]);
    await end();
  });
});
