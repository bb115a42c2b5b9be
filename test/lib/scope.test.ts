import { expect, test } from 'vitest';
import { createDeadline, createScope } from '../../src/lib/scope.js';
import { createManualClock } from '../support/manual-clock.js';

test('a scope ends with the outer signal, or by itself, and leaves the outer one alone', () => {
  const outer = new AbortController();
  const first = createScope(outer.signal);
  const second = createScope(outer.signal);
  first.end();
  first.end();
  expect([first.signal.aborted, second.signal.aborted, outer.signal.aborted]).toEqual([true, false, false]);
  outer.abort();
  expect(second.signal.aborted).toBe(true);
  expect(createScope(outer.signal).signal.aborted).toBe(true);
});

test('a deadline that is missed ends its scope', async () => {
  const clock = createManualClock();
  const deadline = createDeadline(clock, 10, new AbortController().signal);
  await clock.advance(9);
  expect([deadline.missed, deadline.signal.aborted]).toEqual([false, false]);
  await clock.advance(1);
  expect([deadline.missed, deadline.signal.aborted]).toEqual([true, true]);
});

test('a deadline that is met leaves the scope open, until it is ended', async () => {
  const clock = createManualClock();
  const deadline = createDeadline(clock, 10, new AbortController().signal);
  deadline.meet();
  await clock.advance(100);
  expect([deadline.missed, deadline.signal.aborted, clock.pending]).toEqual([false, false, 0]);
  deadline.end();
  expect([deadline.missed, deadline.signal.aborted]).toEqual([false, true]);
});

test('a deadline that has ended, by itself or with the outer signal, leaves no timer', () => {
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
