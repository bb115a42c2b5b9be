import { describe, expect, it } from 'vitest';
import { createTurn, type Task } from '../../src/subscriptions/turn.js';
import { createSteppedClock } from '../support/stepped-clock.js';

/** A turn that ends when the test says so, and whose tasks take as long as they say. */
function setUp() {
  const clock = createSteppedClock();
  const done: string[] = [];
  let end: (() => void) | null = null;
  const turn = createTurn({
    clock,
    schedule(task) {
      end = task;
    },
  });
  return {
    clock,
    turn,
    task: (name: string, ms = 0): Task => ({
      run() {
        done.push(name);
        clock.step(ms);
      },
    }),
    /** What the turn that ends now does; null where none has begun. */
    endTurn(): readonly string[] | null {
      const task = end;
      end = null;
      task?.();
      return task && done.splice(0);
    },
  };
}

describe('a turn', () => {
  it('does at its end what was asked for, and afterwards what came of it', () => {
    const { turn, task, endTurn } = setUp();
    expect(endTurn()).toBeNull();
    const write = task('write');
    turn.afterwards(task('first write'));
    for (const name of ['one', 'two']) {
      const { run } = task(name);
      turn.atEnd({
        run() {
          run();
          turn.afterwards(write);
        },
      });
    }
    expect(endTurn()).toEqual(['one', 'two', 'first write', 'write', 'write']);
    expect(endTurn()).toBeNull();
  });

  it('that took less than a millisecond is followed by no rest', () => {
    const { turn, task, endTurn } = setUp();
    const brief = task('brief', 0.9);
    turn.atEnd(brief);
    endTurn();
    turn.atEnd(brief);
    expect(endTurn()).toEqual(['brief']);
  });

  it('U1: that took long is followed by a rest of a quarter as long, for what it did alone, writes counted', async () => {
    const { clock, turn, task, endTurn } = setUp();
    const [one, two] = [task('one'), task('two')];
    turn.atEnd(one);
    turn.atEnd(two);
    turn.afterwards(task('writes', 12));
    endTurn();
    turn.atEnd(one);
    turn.atEnd(two);
    expect(endTurn()).toBeNull();
    turn.atEnd(task('another'));
    expect(endTurn()).toEqual(['another']);
    await clock.advance(2);
    expect(endTurn()).toBeNull();
    await clock.advance(1);
    expect(endTurn()).toEqual(['one', 'two']);
    expect(clock.pending).toBe(0);
  });

  it('that took very long is followed by a rest of 10 ms', async () => {
    const { clock, turn, task, endTurn } = setUp();
    const huge = task('huge', 1_000);
    turn.atEnd(huge);
    endTurn();
    turn.atEnd(huge);
    await clock.advance(9);
    expect(endTurn()).toBeNull();
    await clock.advance(1);
    expect(endTurn()).toEqual(['huge']);
  });

  it('is at once where the rest is over already', async () => {
    const { clock, turn, task, endTurn } = setUp();
    const long = task('long', 4);
    turn.atEnd(long);
    endTurn();
    await clock.advance(1);
    turn.atEnd(long);
    expect(endTurn()).toEqual(['long']);
    expect(clock.pending).toBe(0);
  });
});
