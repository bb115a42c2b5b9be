import { describe, expect, it } from 'vitest';
import { createDescendants, type ProcessList } from '../../../src/nats/publish/descendants.js';

const ROOT = 100;

/** Processes as `pid: parent`, or `pid: [parent, start time]`. */
function list(processes: Readonly<Record<number, number | readonly [number, string]>>): ProcessList {
  return new Map(
    Object.entries(processes).map(([pid, entry]) => {
      const [parent, startedAt] = typeof entry === 'number' ? [entry, `start of ${pid}`] : entry;
      return [Number(pid), { parent, startedAt }];
    }),
  );
}

describe('the descendants of a command', () => {
  const family = list({ 1: 0, 50: 1, [ROOT]: 50, 101: ROOT, 102: 101, 200: 50, 300: 1 });

  it.each([
    ['the command', ROOT, true],
    ['its child', 101, true],
    ['its grandchild', 102, true],
    ['its parent', 50, false],
    ['a sibling', 200, false],
    ['an unrelated process', 300, false],
    ['a process that is not listed', 999, false],
  ])('%s counts: %s, %s', (_, pid, isOwn) => {
    expect(createDescendants(ROOT).has(pid, family)).toBe(isOwn);
  });

  it('include those whose parent has ended, and the processes that these start', () => {
    const descendants = createDescendants(ROOT);
    descendants.record(family);
    const orphans = list({ 1: 0, [ROOT]: 1, 102: 1, 103: 102, 300: 1 });
    expect([102, 103, 300].map((pid) => descendants.has(pid, orphans))).toEqual([true, true, false]);
  });

  it('include those that have ended, also after the command', () => {
    const descendants = createDescendants(ROOT);
    descendants.record(family);
    expect([ROOT, 101, 102, 300].map((pid) => descendants.has(pid, list({ 1: 0 })))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('exclude a later process with the same id', () => {
    const descendants = createDescendants(ROOT);
    descendants.record(family);
    expect(descendants.has(102, list({ 1: 0, 102: [1, 'later'] }))).toBe(false);
  });

  it('are found in a list with a cycle of parents, which a list read while processes end may have', () => {
    expect(createDescendants(ROOT).has(7, list({ 7: 8, 8: 7 }))).toBe(false);
  });

  it('are limited to 10,000, and the oldest are dropped first', () => {
    const descendants = createDescendants(ROOT);
    descendants.record(list({ 101: ROOT }));
    const many = Array.from({ length: 10_000 }, (_, index) => [1_000 + index, ROOT] as const);
    descendants.record(list({ ...Object.fromEntries(many), [ROOT]: 1 }));
    const none = list({});
    expect([101, 10_999].map((pid) => descendants.has(pid, none))).toEqual([false, true]);
  });
});
