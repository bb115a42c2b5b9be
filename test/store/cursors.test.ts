import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Cursors, createCursors } from '../../src/store/cursors.js';

const LOG = 'log1';

function at(number: number, log = LOG) {
  return { log, number };
}

/** Revisions of a store at a position of the log. */
interface Step {
  /** Number of local revisions since the previous position. */
  readonly own: number;
  /** Whether the position makes a revision; otherwise it is a no-op. */
  readonly isChange: boolean;
}

/** The cursors of a store, and their expected meaning. */
interface Applied {
  readonly cursors: Cursors;
  readonly newest: number;
  /** Position of the log that made each revision; null for local revisions. */
  readonly positions: ReadonlyMap<number, number | null>;
  /** Last position that was a no-op, by the revision before it. */
  readonly reached: ReadonlyMap<number, number>;
}

/** Applies a log, which starts with a snapshot at the first position. */
function apply(epoch: string, log: readonly number[], steps: readonly Step[]): Applied {
  const cursors = createCursors(epoch);
  const positions = new Map<number, number | null>();
  const reached = new Map<number, number>();
  let revision = 3;
  const [first = 0, ...rest] = log;
  cursors.recordSnapshot(at(first), revision);
  positions.set(revision, first);
  rest.forEach((number, index) => {
    const { own, isChange } = steps[index] ?? { own: 0, isChange: true };
    for (let count = 0; count < own; count += 1) positions.set(++revision, null);
    if (isChange) {
      cursors.record(at(number), ++revision);
      positions.set(revision, number);
    } else {
      cursors.advanceTo(at(number), revision);
      reached.set(revision, number);
    }
  });
  return { cursors, newest: revision, positions, reached };
}

const anyLog = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 25 }).map((log) => {
  return log.sort((one, other) => one - other);
});
const anySteps = fc.array(fc.record({ own: fc.nat(3), isChange: fc.boolean() }), {
  minLength: 25,
  maxLength: 25,
});

/** The last position of the log up to a revision. */
function positionBy({ positions, reached }: Applied, revision: number): number {
  const upTo = [...positions, ...reached].filter(([number]) => number <= revision);
  return Math.max(...upTo.map(([, position]) => position ?? 0));
}

describe('cursors of a shared log', () => {
  it('select the same changes of the log at two stores', () => {
    fc.assert(
      fc.property(anyLog, anySteps, anySteps, (log, steps, otherSteps) => {
        const here = apply('e1', log, steps);
        const there = apply('e2', log, otherSteps);
        for (const revision of here.positions.keys()) {
          const position = positionBy(here, revision);
          const meant = there.cursors.revisionOf(here.cursors.cursorOf(revision));
          expect(meant).not.toBeNull();
          for (const [other, place] of there.positions) {
            if (place !== null) expect(other <= (meant ?? -1)).toBe(place <= position);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('resolve to their own revision at the store that made them, local revisions included', () => {
    fc.assert(
      fc.property(anyLog, anySteps, (log, steps) => {
        const { cursors, positions } = apply('e1', log, steps);
        for (const revision of positions.keys()) {
          expect(cursors.revisionOf(cursors.cursorOf(revision))).toBe(revision);
        }
      }),
    );
  });

  it('are distinct, and equal at both stores for revisions that the log made', () => {
    fc.assert(
      fc.property(anyLog, anySteps, anySteps, (log, steps, otherSteps) => {
        const here = apply('e1', log, steps);
        const there = apply('e2', log, otherSteps);
        const texts = [...here.positions.keys()].map((revision) => here.cursors.cursorOf(revision));
        expect(new Set(texts).size).toBe(texts.length);
        for (const { cursors, positions, reached } of [here, there]) {
          for (const [revision, made] of positions) {
            const position = reached.get(revision) ?? made;
            if (position !== null) expect(cursors.cursorOf(revision)).toBe(`${LOG}-${position}`);
          }
        }
      }),
    );
  });

  it('have a suffix of their own for revisions that only one store made', () => {
    const cursors = createCursors('e1');
    cursors.record(at(7), 10);
    const [marked, ...own] = [10, 11, 13].map(cursors.cursorOf);
    expect(marked).toBe('log1-7');
    for (const text of own) expect(text).toMatch(/^log1-7\.\d+\.e1$/);
    expect(own.map(cursors.revisionOf)).toEqual([11, 13]);
  });

  it('of another run are resolved without its local revisions, so that those are delivered again', () => {
    const cursors = createCursors('e1');
    cursors.record(at(7), 10);
    expect(cursors.revisionOf('log1-7.3.e2')).toBe(10);
  });

  it('resolve to the last revision at positions that were no-ops', () => {
    const cursors = createCursors('e1');
    cursors.record(at(7), 10);
    cursors.advanceTo(at(8), 10);
    cursors.advanceTo(at(9), 10);
    expect([7, 8, 9].map((number) => cursors.revisionOf(`log1-${number}`))).toEqual([10, 10, 10]);
    cursors.record(at(12), 11);
    expect([9, 11, 12].map((number) => cursors.revisionOf(`log1-${number}`))).toEqual([10, 10, 11]);
  });

  it('are unknown inside a snapshot and before the first checkpoint', () => {
    const cursors = createCursors('e1');
    cursors.recordSnapshot(at(5), 2);
    cursors.record(at(6), 3);
    cursors.recordSnapshot(at(9), 4);
    cursors.record(at(10), 5);
    const known = [0, 4, 5, 6, 7, 8, 9, 10].map((number) => cursors.revisionOf(`log1-${number}`));
    expect(known).toEqual([null, null, 2, 3, null, null, 4, 5]);
  });

  it('are unknown where states of a Session are unknown, although other revisions were recorded there', () => {
    const cursors = createCursors('e1');
    cursors.recordSnapshot(at(1), 1);
    for (const number of [2, 3, 4, 5, 6, 7, 8]) cursors.record(at(number), number);
    const known = () =>
      [1, 2, 3, 4, 5, 6, 7, 8].filter((number) => cursors.revisionOf(`log1-${number}`) !== null);
    cursors.recordGap(1, at(3));
    cursors.recordGap(5, at(7));
    expect(known()).toEqual([1, 3, 4, 5, 7, 8]);
    cursors.recordGap(2, at(8));
    expect(known()).toEqual([1, 8]);
    expect(cursors.revisionOf('log1-4.4.e1')).toBe(4);
    cursors.recordSnapshot(at(9), 9, 8);
    expect(cursors.revisionOf('log1-8')).toBe(8);
  });

  it('stay unknown in more gaps than are distinguished', () => {
    const cursors = createCursors('e1');
    for (let number = 1; number <= 10_000; number += 1) cursors.record(at(number), number);
    for (let number = 2; number <= 10_000; number += 4) cursors.recordGap(number - 1, at(number + 1));
    for (let number = 2; number <= 10_000; number += 4) {
      expect(cursors.revisionOf(`log1-${number}`)).toBeNull();
    }
    expect(cursors.revisionOf('log1-9999')).toBe(9_999);
  });

  it('never go back: a revision at a position that the log assigns again has a cursor of its own', () => {
    const cursors = createCursors('e1');
    cursors.recordSnapshot(at(5), 2);
    cursors.record(at(9), 3);
    cursors.record(at(7), 4);
    cursors.advanceTo(at(8), 4);
    expect(cursors.cursorOf(4)).toBe('log1-9.4.e1');
    cursors.recordSnapshot(at(8), 6);
    expect([5, 9].map((number) => cursors.revisionOf(`log1-${number}`))).toEqual([2, 3]);
    cursors.record(at(10), 7);
    expect([2, 3, 7].map(cursors.cursorOf)).toEqual(['log1-5', 'log1-9', 'log1-10']);
  });

  it('are ahead until their position has been applied, even if it is a no-op', () => {
    const cursors = createCursors('e1');
    expect(cursors.isAhead('log1-7')).toBe(false);
    cursors.recordSnapshot(at(5), 1);
    expect(['log1-5', 'log1-5.9.e2', 'log1-6', 'log1-6.1.e2'].map(cursors.isAhead)).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(cursors.revisionOf('log1-6')).toBeNull();
    cursors.advanceTo(at(6), 1);
    expect(cursors.isAhead('log1-6')).toBe(false);
    expect(cursors.revisionOf('log1-6')).toBe(1);
  });

  it('of another log are neither known nor ahead, and those of an old log are not after a new one begins', () => {
    const cursors = createCursors('e1');
    cursors.record(at(7), 10);
    for (const other of ['log2-3', 'log2-99', 'e2-1']) {
      expect([cursors.revisionOf(other), cursors.isAhead(other)]).toEqual([null, false]);
    }
    cursors.recordSnapshot(at(2, 'log2'), 12);
    expect([cursors.revisionOf('log1-7'), cursors.isAhead('log1-99')]).toEqual([null, false]);
    expect([cursors.revisionOf('log2-2'), cursors.cursorOf(12)]).toEqual([12, 'log2-2']);
    expect(cursors.isAhead('log2-7')).toBe(true);
  });

  it('of a new log do not resolve to checkpoints of the old one', () => {
    const cursors = createCursors('e1');
    cursors.record(at(7), 10);
    cursors.record(at(20, 'log2'), 11);
    expect([9, 20].map((number) => cursors.revisionOf(`log2-${number}`))).toEqual([null, 11]);
  });

  it('stay known for more revisions than the journal keeps', () => {
    const cursors = createCursors('e1');
    for (let number = 1; number <= 60_000; number += 1) cursors.record(at(number), number + 5);
    expect(cursors.revisionOf('log1-60000')).toBe(60_005);
    expect(cursors.revisionOf('log1-45000')).toBe(45_005);
    expect(cursors.revisionOf('log1-1')).toBeNull();
  });

  it.each([
    '',
    '-',
    'log1',
    'log1-',
    'log1-7.',
    'log1-7.1',
    'log1-7.1.',
    'log1-7.x.e1',
    'log1--7',
    'log1-7 ',
    'LOG1-7',
    `log1-${'9'.repeat(16)}`,
  ])('reject the malformed text %j', (text) => {
    const cursors = createCursors('e1');
    cursors.record(at(7), 10);
    expect([cursors.revisionOf(text), cursors.isAhead(text)]).toEqual([null, false]);
  });
});

describe('cursors without a shared log', () => {
  it('belong to one run', () => {
    const cursors = createCursors('e1');
    expect([0, 7].map(cursors.cursorOf)).toEqual(['e1-0', 'e1-7']);
    expect([cursors.revisionOf('e1-7'), cursors.revisionOf('e2-7')]).toEqual([7, null]);
    expect(cursors.isAhead('e1-7')).toBe(false);
  });

  it('stay known after a log begins', () => {
    const cursors = createCursors('e1');
    const before = cursors.cursorOf(2);
    cursors.record(at(7), 3);
    expect([before, cursors.revisionOf(before), cursors.cursorOf(2)]).toEqual(['e1-2', 2, 'e1-2']);
  });
});
