import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { createAbortScope, createDeadline, sleep, systemClock } from '../../src/lib/clock.js';
import { createManualClock } from '../support/manual-clock.js';

describe('systemClock', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('returns the time of the machine', () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('runs a task once', () => {
    vi.useFakeTimers();
    const task = vi.fn();
    systemClock.after(1_000, task);
    vi.advanceTimersByTime(999);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(10_000);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it('does not run a cancelled task; cancelling twice or too late is allowed', () => {
    vi.useFakeTimers();
    const task = vi.fn();
    const cancel = systemClock.after(1_000, task);
    cancel();
    cancel();
    vi.advanceTimersByTime(10_000);
    expect(task).not.toHaveBeenCalled();
    const tooLate = systemClock.after(1_000, task);
    vi.advanceTimersByTime(1_000);
    tooLate();
    expect(task).toHaveBeenCalledTimes(1);
  });

  it('supports timers of months, longer than those of Node.js', () => {
    vi.useFakeTimers();
    const days = 86_400_000;
    const task = vi.fn();
    systemClock.after(60 * days, task);
    vi.advanceTimersByTime(60 * days - 1);
    expect(task).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(task).toHaveBeenCalledTimes(1);
  });

  it('never runs a task with an infinite delay, and releases it when cancelled', () => {
    vi.useFakeTimers();
    const task = vi.fn();
    const cancel = systemClock.after(Number.POSITIVE_INFINITY, task);
    vi.advanceTimersByTime(2 ** 33);
    expect(task).not.toHaveBeenCalled();
    cancel();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not keep the process alive', () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    const cancels = [systemClock.after(60_000, () => {}), systemClock.after(2 ** 40, () => {})];
    expect(timers()).toBe(before);
    for (const cancel of cancels) cancel();
  });
});

describe('sleep', () => {
  it('resolves after the given time and leaves no timer or listener', async () => {
    const clock = createManualClock();
    const { signal } = new AbortController();
    const woken = vi.fn();
    void sleep(clock, 1_000, signal).then(woken);
    await clock.advance(999);
    expect(woken).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(woken).toHaveBeenCalledTimes(1);
    expect([clock.pending, getEventListeners(signal, 'abort').length]).toEqual([0, 0]);
  });

  it('resolves at once when the signal aborts, and leaves no timer or listener', async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const asleep = sleep(clock, 1_000, controller.signal);
    controller.abort(new Error('enough'));
    await expect(asleep).resolves.toBeUndefined();
    expect([clock.pending, getEventListeners(controller.signal, 'abort').length]).toEqual([0, 0]);
  });

  it('resolves at once when the signal has already aborted', async () => {
    const clock = createManualClock();
    await expect(sleep(clock, 1_000, AbortSignal.abort())).resolves.toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('works with the system clock', async () => {
    await expect(sleep(systemClock, 1, new AbortController().signal)).resolves.toBeUndefined();
  });
});

test('an abort scope ends with the outer signal or separately, and never aborts the outer signal', () => {
  const outer = new AbortController();
  const first = createAbortScope(outer.signal);
  const second = createAbortScope(outer.signal);
  first.end();
  first.end();
  expect([first.signal.aborted, second.signal.aborted, outer.signal.aborted]).toEqual([true, false, false]);
  outer.abort();
  expect(second.signal.aborted).toBe(true);
  expect(createAbortScope(outer.signal).signal.aborted).toBe(true);
});

test('an expired deadline aborts its scope', async () => {
  const clock = createManualClock();
  const deadline = createDeadline(clock, 10, new AbortController().signal);
  await clock.advance(9);
  expect([deadline.expired, deadline.signal.aborted]).toEqual([false, false]);
  await clock.advance(1);
  expect([deadline.expired, deadline.signal.aborted]).toEqual([true, true]);
});

test('a lifted deadline leaves its scope open until it is ended', async () => {
  const clock = createManualClock();
  const deadline = createDeadline(clock, 10, new AbortController().signal);
  deadline.lift();
  await clock.advance(100);
  expect([deadline.expired, deadline.signal.aborted, clock.pending]).toEqual([false, false, 0]);
  deadline.end();
  expect([deadline.expired, deadline.signal.aborted]).toEqual([false, true]);
});

test('a deadline that has ended, separately or with the outer signal, leaves no timer', () => {
  const clock = createManualClock();
  const outer = new AbortController();
  createDeadline(clock, 10, outer.signal).end();
  expect(clock.pending).toBe(0);
  createDeadline(clock, 10, outer.signal);
  outer.abort();
  expect(clock.pending).toBe(0);
  createDeadline(clock, 10, outer.signal);
  expect(clock.pending).toBe(0);
});
