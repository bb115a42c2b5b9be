import { describe, expect, it } from 'vitest';
import { createFlushScheduler, type Task } from '../../src/subscriptions/flush-scheduler.js';
import { createSteppedClock } from '../support/stepped-clock.js';

/** A scheduler that flushes when the test says so, with tasks of a given duration. */
function setUp() {
  const clock = createSteppedClock();
  const done: string[] = [];
  let end: (() => void) | null = null;
  const scheduler = createFlushScheduler({
    clock,
    atEndOfTick(task) {
      end = task;
    },
  });
  return {
    clock,
    scheduler,
    task: (name: string, ms = 0): Task => ({
      run() {
        done.push(name);
        clock.step(ms);
      },
    }),
    /** Flushes; returns the tasks that ran, or null if no flush was requested. */
    flush(): readonly string[] | null {
      const task = end;
      end = null;
      task?.();
      return task && done.splice(0);
    },
  };
}

describe('the flush scheduler', () => {
  it('runs scheduled tasks at the end of the tick, then the tasks that these schedule after the flush', () => {
    const { scheduler, task, flush } = setUp();
    expect(flush()).toBeNull();
    const write = task('write');
    scheduler.afterFlush(task('first write'));
    for (const name of ['one', 'two']) {
      const { run } = task(name);
      scheduler.schedule({
        run() {
          run();
          scheduler.afterFlush(write);
        },
      });
    }
    expect(flush()).toEqual(['one', 'two', 'first write', 'write', 'write']);
    expect(flush()).toBeNull();
  });

  it('has no cooldown after a flush of less than a millisecond', () => {
    const { scheduler, task, flush } = setUp();
    const brief = task('brief', 0.9);
    scheduler.schedule(brief);
    flush();
    scheduler.schedule(brief);
    expect(flush()).toEqual(['brief']);
  });

  it('U1: delays the tasks of a long flush, and no others, for a quarter of its time including writes', async () => {
    const { clock, scheduler, task, flush } = setUp();
    const [one, two] = [task('one'), task('two')];
    scheduler.schedule(one);
    scheduler.schedule(two);
    scheduler.afterFlush(task('writes', 12));
    flush();
    scheduler.schedule(one);
    scheduler.schedule(two);
    expect(flush()).toBeNull();
    scheduler.schedule(task('another'));
    expect(flush()).toEqual(['another']);
    await clock.advance(2);
    expect(flush()).toBeNull();
    await clock.advance(1);
    expect(flush()).toEqual(['one', 'two']);
    expect(clock.pending).toBe(0);
  });

  it('limits a cooldown to 10 ms', async () => {
    const { clock, scheduler, task, flush } = setUp();
    const huge = task('huge', 1_000);
    scheduler.schedule(huge);
    flush();
    scheduler.schedule(huge);
    await clock.advance(9);
    expect(flush()).toBeNull();
    await clock.advance(1);
    expect(flush()).toEqual(['huge']);
  });

  it('flushes at once when the cooldown is over', async () => {
    const { clock, scheduler, task, flush } = setUp();
    const long = task('long', 4);
    scheduler.schedule(long);
    flush();
    await clock.advance(1);
    scheduler.schedule(long);
    expect(flush()).toEqual(['long']);
    expect(clock.pending).toBe(0);
  });
});
