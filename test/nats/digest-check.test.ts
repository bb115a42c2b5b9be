import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/nats/delta.js';
import { createDigestCheck } from '../../src/nats/digest-check.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

function setUp() {
  const clock = createManualClock();
  const check = createDigestCheck(clock);
  const healed: string[] = [];
  const of = session('a', { x: 'ready' });
  const fold = (key: string, digest = 'another') =>
    check.folded(key, { session: of, digest, heal: () => healed.push(key) });
  return { clock, check, healed, fold, digest: digestOf(of) };
}

describe('the check of digests', () => {
  it('heals a key whose digest differs once the key has been quiet for 2 s, and no other', async () => {
    const { clock, healed, fold, digest } = setUp();
    fold('same', digest);
    fold('differing');
    await clock.advance(1_900);
    expect(healed).toEqual([]);
    await clock.advance(2_200);
    expect(healed).toEqual(['differing']);
  });

  it('heals a key that never is quiet after 256 deltas', () => {
    const { healed, fold } = setUp();
    for (let count = 0; count < 255; count += 1) fold('busy');
    expect(healed).toEqual([]);
    fold('busy');
    expect(healed).toEqual(['busy']);
  });

  it('leaves out a key whose state was read completely, and everything once it is disposed', async () => {
    const { clock, check, healed, fold } = setUp();
    fold('read');
    check.read('read');
    await clock.advance(5_000);
    fold('disposed');
    check.dispose();
    await clock.advance(5_000);
    expect(healed).toEqual([]);
  });

  it('keeps at most 1,000 keys, and checks 16 of them in 2 s', async () => {
    const { clock, healed, fold } = setUp();
    for (let index = 0; index < 1_500; index += 1) fold(`key-${index}`);
    await clock.advance(2_000);
    expect(healed).toHaveLength(16);
    expect(healed[0]).toBe('key-500');
    await clock.advance(10 * 60_000);
    expect(healed).toHaveLength(1_000);
  });
});
