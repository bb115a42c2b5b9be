import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareTargets, mergeChanges } from '../../src/client/changes.js';
import { type ChangeType, foldTargets, type TargetFields } from '../../src/client/client.js';

function target(name: string, durationSeconds: number | null = null): TargetFields {
  const type = 'JOB' as const;
  const phase = 'READY' as const;
  return {
    id: `a/Tiltfile#${name}`,
    name,
    type,
    typeText: 'job',
    resources: [],
    phase,
    since: '2026-11-22T11:00:05Z',
    durationSeconds,
    secondsToReady: null,
    state: null,
    blockedBy: [],
    rootCause: null,
    history: [],
  };
}

function byName(...names: string[]): ReadonlyMap<string, TargetFields> {
  return new Map(names.map((name) => [name, target(name)]));
}

describe('foldTargets', () => {
  it('foldTargets clears on reset and applies changes in order (S3)', () => {
    const before = byName('a', 'c');
    const after = foldTargets(before, {
      reset: false,
      changes: [
        { type: 'DELETED', target: target('a') },
        { type: 'ADDED', target: target('b') },
        { type: 'MODIFIED', target: target('c', 2) },
      ],
    });
    expect([...after.values()].map(({ name, durationSeconds }) => [name, durationSeconds])).toEqual([
      ['b', null],
      ['c', 2],
    ]);
    expect([...before.keys()]).toEqual(['a', 'c']);
    expect([...foldTargets(after, { reset: true, changes: [] }).keys()]).toEqual([]);
  });

  it('foldTargets returns the same map for a payload without changes', () => {
    const before = byName('a');
    expect(foldTargets(before, { reset: false, changes: [] })).toBe(before);
  });
});

describe('mergeChanges', () => {
  const names = ['a', 'b', 'c'] as const;
  /** Payloads of a gateway: each step sets whether a member exists. */
  const histories = fc.array(
    fc.array(fc.record({ name: fc.constantFrom(...names), exists: fc.boolean() }), { maxLength: 4 }),
    {
      minLength: 1,
      maxLength: 8,
    },
  );

  it('merged payloads have the same effect as the single ones, with one change per member', () => {
    fc.assert(
      fc.property(histories, (history) => {
        let number = 0;
        const known = new Map<string, TargetFields>(byName('a', 'b'));
        const before = new Map(known);
        const payloads = history.map((steps) =>
          steps.flatMap(({ name, exists }): Change[] => {
            const previous = known.get(name) ?? null;
            if (!exists && previous === null) return [];
            number += 1;
            const now = target(name, number);
            if (exists) known.set(name, now);
            else known.delete(name);
            return [
              { type: previous === null ? 'ADDED' : exists ? 'MODIFIED' : 'DELETED', target: now, previous },
            ];
          }),
        );
        const merged = payloads.reduce(
          (earlier, later) =>
            mergeChanges(
              earlier,
              later,
              keyOf,
              ({ previous }, change) => ({ ...change, previous }),
              (a, b) => compareTargets(a.target, b.target),
            ),
          [],
        );
        const folded = foldTargets(before, { reset: false, changes: merged });
        expect([...folded]).toEqual([...known].sort(([a], [b]) => (a < b ? -1 : 1)));
        expect(new Set(merged.map(keyOf)).size).toBe(merged.length);
        for (const { type, target, previous } of merged) {
          expect(previous ?? undefined).toEqual(before.get(target.name));
          expect(type === 'ADDED').toBe(previous === null);
        }
      }),
    );
  });
});

interface Change {
  readonly type: ChangeType;
  readonly target: TargetFields;
  readonly previous: TargetFields | null;
}

function keyOf({ target: { name } }: Change): string {
  return name;
}
