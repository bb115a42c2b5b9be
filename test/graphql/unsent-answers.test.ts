import { describe, expect, it } from 'vitest';
import { createUnsentAnswers, MAX_SEND_MS } from '../../src/graphql/unsent-answers.js';
import { createManualClock } from '../support/manual-clock.js';

const nothing = () => {};

function start({ unsentBytes = 100, responseBytes = 40 } = {}) {
  const clock = createManualClock();
  return { clock, answers: createUnsentAnswers({ unsentBytes, responseBytes, clock }) };
}

/** Whether there is room, now and later. */
function room({ answers }: ReturnType<typeof start>): { isThere: boolean } {
  const pause = answers.room();
  const state = { isThere: pause === null };
  void pause?.then(() => {
    state.isThere = true;
  });
  return state;
}

describe('unsent answers', () => {
  it('count once, however many clients they are sent to, until the last one has received them', () => {
    const { answers } = start();
    const memory = answers.allocate(30);
    expect(answers.bytes).toBe(0);
    const [first, second] = [memory.retain(nothing), memory.retain(nothing)];
    expect(answers.bytes).toBe(30);
    first();
    first();
    expect(answers.bytes).toBe(30);
    second();
    expect([answers.bytes, answers.peakBytes]).toEqual([0, 30]);
  });

  it('leave room for another answer of the maximum length', async () => {
    const test = start();
    test.answers.allocate(40).retain(nothing);
    expect(room(test).isThere).toBe(true);
    const release = test.answers.allocate(21).retain(nothing);
    const state = room(test);
    await test.clock.advance(0);
    expect(state.isThere).toBe(false);
    release();
    await test.clock.advance(0);
    expect(state.isThere).toBe(true);
    expect(test.clock.pending).toBe(0);
  });

  it('are sent one at a time if the maximum length exceeds the limit of memory', () => {
    const test = start({ unsentBytes: 10, responseBytes: 40 });
    expect(room(test).isThere).toBe(true);
    test.answers.allocate(1).retain(nothing);
    expect(room(test).isThere).toBe(false);
  });

  it('that take too long are cut if another operation waits, and count until they are released', async () => {
    const test = start();
    const cuts: string[] = [];
    const release = test.answers.allocate(61).retain(() => cuts.push('old'));
    await test.clock.advance(2 * MAX_SEND_MS);
    expect(cuts).toEqual([]);
    test.answers.allocate(1).retain(() => cuts.push('new'));
    const state = room(test);
    await test.clock.advance(MAX_SEND_MS / 2);
    expect(cuts).toEqual(['old']);
    expect(state.isThere).toBe(false);
    release();
    await test.clock.advance(0);
    expect(state.isThere).toBe(true);
    await test.clock.advance(MAX_SEND_MS);
    expect(cuts).toEqual(['old']);
  });
});
