import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/nats/delta.js';
import { createDigestCheck } from '../../src/nats/newest-entries.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

function setUp() {
  const clock = createManualClock();
  const found: string[] = [];
  const check = createDigestCheck(clock, (key, isEqual) => {
    if (!isEqual) found.push(key);
  });
  const of = session('a', { x: 'ready' });
  const fold = (key: string, digest = 'another') => check.folded(key, of, digest);
  return { clock, check, found, fold, digest: digestOf(of) };
}

describe('the check of digests', () => {
  it('reports a key whose digest differs once the key has been quiet for 2 s, and no other', async () => {
    const { clock, found, fold, digest } = setUp();
    fold('same', digest);
    fold('differing');
    await clock.advance(1_900);
    expect(found).toEqual([]);
    await clock.advance(2_200);
    expect(found).toEqual(['differing']);
  });

  it('reports a key that never is quiet after 256 deltas', () => {
    const { found, fold } = setUp();
    for (let count = 0; count < 255; count += 1) fold('busy');
    expect(found).toEqual([]);
    fold('busy');
    expect(found).toEqual(['busy']);
  });

  it('leaves out a key whose state was read completely, and everything once it is disposed', async () => {
    const { clock, check, found, fold } = setUp();
    fold('read');
    check.drop('read');
    await clock.advance(5_000);
    fold('disposed');
    check.dispose();
    await clock.advance(5_000);
    expect(found).toEqual([]);
  });

  it('checks 16 keys in 2 s, and every key in the end', async () => {
    const { clock, found, fold } = setUp();
    for (let index = 0; index < 1_500; index += 1) fold(`key-${index}`);
    await clock.advance(2_000);
    expect(found).toHaveLength(16);
    await clock.advance(10 * 60_000);
    expect(new Set(found).size).toBe(1_500);
  });
});
