import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWaitDeadlines } from '../../src/client/wait-deadlines.js';
import { createSteppedClock } from '../support/stepped-clock.js';

const TIMEOUT_MS = 60_000;
const MAX_AGE_MS = 10_000;
const DAY_MS = 86_400_000;

describe('the deadlines of a wait', () => {
  it('the deadlines of a wait depend on elapsed time alone when the wall clock jumps', async () => {
    const event = fc.oneof(
      fc.record({ advance: fc.integer({ min: 0, max: 20_000 }) }),
      fc.record({ step: fc.integer({ min: -DAY_MS, max: DAY_MS }) }),
      fc.record({ news: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 30 }), async (events) => {
        const [stepped, steady] = [createSteppedClock(), createSteppedClock()];
        const both = [stepped, steady].map((clock) => createWaitDeadlines(clock, TIMEOUT_MS, MAX_AGE_MS));
        for (const one of events) {
          if ('step' in one) stepped.step(one.step);
          else if ('news' in one) for (const deadlines of both) deadlines.onView(one.news);
          else for (const clock of [stepped, steady]) await clock.advance(one.advance);
          const [a, b] = both.map((deadlines) => deadlines.next(true));
          expect(a).toEqual(b);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('the first answer gets 3 s if the timeout or the maximum age is shorter', async () => {
    for (const [timeoutMs, maxAgeMs] of [
      [0, MAX_AGE_MS],
      [TIMEOUT_MS, 0],
    ] as const) {
      const clock = createSteppedClock();
      const deadlines = createWaitDeadlines(clock, timeoutMs, maxAgeMs);
      deadlines.acceptEndedRun();
      expect(deadlines.next(false).inMs).toBe(3_000);
      expect(deadlines.maxSilenceMs).toBe(3_000);
      await clock.advance(1_000);
      deadlines.onAnswer();
      expect(deadlines.next(false).inMs).toBe(-1_000);
    }
  });

  it.each([
    ['a fast gateway gets 5 s', 100, 60_000, 5_000],
    ['a slow gateway gets twice the time of its first answer', 6_000, 60_000, 12_000],
    ['a very slow gateway gets the maximum age', 20_000, 30_000, 30_000],
  ])('a confirmation may contain all targets: %s', async (_, answerMs, maxAgeMs, expected) => {
    const clock = createSteppedClock();
    const deadlines = createWaitDeadlines(clock, 600_000, maxAgeMs);
    await clock.advance(answerMs);
    deadlines.onAnswer();
    await clock.advance(maxAgeMs - answerMs);
    deadlines.acceptEndedRun();
    deadlines.onConfirmationAsked();
    expect(deadlines.next(false)).toEqual({ kind: 'silent', inMs: expected });
  });

  it('a run selected at the timeout gets 5 s to deliver its targets', async () => {
    const clock = createSteppedClock();
    const deadlines = createWaitDeadlines(clock, 5_000, MAX_AGE_MS);
    await clock.advance(5_000);
    expect(deadlines.next(false)).toEqual({ kind: 'no-run', inMs: 0 });
    deadlines.acceptEndedRun();
    deadlines.onBound();
    expect(deadlines.next(true)).toEqual({ kind: 'timeout', inMs: 5_000 });
  });
});
