import { describe, expect, it } from 'vitest';
import { createDescendants } from '../../../src/nats/publish/descendants.js';
import type { ProcessList } from '../../../src/nats/publish/process-list.js';

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

  it('are remembered when their parent has ended, and what they start then counts, too', () => {
    const descendants = createDescendants(ROOT);
    descendants.remember(family);
    const orphans = list({ 1: 0, [ROOT]: 1, 102: 1, 103: 102, 300: 1 });
    expect([102, 103, 300].map((pid) => descendants.has(pid, orphans))).toEqual([true, true, false]);
  });

  it('are remembered when the command and they themselves have ended', () => {
    const descendants = createDescendants(ROOT);
    descendants.remember(family);
    expect([ROOT, 101, 102, 300].map((pid) => descendants.has(pid, list({ 1: 0 })))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('do not include a later process of the same id', () => {
    const descendants = createDescendants(ROOT);
    descendants.remember(family);
    expect(descendants.has(102, list({ 1: 0, 102: [1, 'later'] }))).toBe(false);
  });

  it('are found in a list with a circle of parents, as one that was read while processes ended may have', () => {
    expect(createDescendants(ROOT).has(7, list({ 7: 8, 8: 7 }))).toBe(false);
  });

  it('are forgotten beyond 10,000, the oldest first', () => {
    const descendants = createDescendants(ROOT);
    descendants.remember(list({ 101: ROOT }));
    const many = Array.from({ length: 10_000 }, (_, index) => [1_000 + index, ROOT] as const);
    descendants.remember(list({ ...Object.fromEntries(many), [ROOT]: 1 }));
    const none = list({});
    expect([101, 10_999].map((pid) => descendants.has(pid, none))).toEqual([false, true]);
  });
});
