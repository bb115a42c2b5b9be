import { describe, expect, it } from 'vitest';
import { computeAge } from '../../src/nats/consume.js';

const CREATED_AT = Date.parse('2026-11-22T12:00:00Z');
const HOUR_MS = 3_600_000;

describe('computeAge of a message at the creation of its consumer', () => {
  const start = { createdAt: CREATED_AT, last: 7 };

  it.each([
    ['is the time since it was written', 7, -4_000, 4_000],
    ['is 0 for a message written just before by a server whose clock is slightly ahead', 7, 2_000, 0],
    ['is 0 for a later message, however much later', 8, 2 * HOUR_MS, 0],
    ['is 0 for a message written after the clock was set back', 8, -HOUR_MS, 0],
    ['is unknown after the clock was set back by an hour', 7, HOUR_MS - 4_000, Number.POSITIVE_INFINITY],
  ])('%s', (_, seq, after, ageMs) => {
    expect(computeAge({ seq, writtenAt: CREATED_AT + after }, start)).toBe(ageMs);
  });
});
