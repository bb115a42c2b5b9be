import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/model/session.js';
import type { SessionRecord, TrackedTarget } from '../../src/store/record.js';
import { createStore } from '../../src/store/store.js';
import { compareBlockers } from '../../src/subscriptions/blocker-changes.js';
import type { FactSelection } from '../../src/subscriptions/fact-selection.js';
import { withFacts } from '../support/facts.js';
import { createManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';
import { explainSimply, tangledSessions } from '../support/simple-explanation.js';

/** An operation that shows blockers, and nothing else. */
function selection(blockers: FactSelection['blockers']): FactSelection {
  return {
    isFactsOnly: false,
    cluster: false,
    verdict: { state: false, reason: false },
    counts: false,
    targets: new Map(),
    targetOrder: false,
    resources: new Set(),
    blockers,
    excerpts: { session: false, changes: false, blockers: false },
  };
}

/** The records of a Session in two states, one after the other. */
function recordsOf(first: Session, second: Session): readonly [SessionRecord, SessionRecord] {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  const records = [first, second].map((of) => {
    store.apply('test', { type: 'upsert', session: of });
    return store.get('a/Tiltfile');
  });
  const [before, after] = records;
  if (!before || !after) throw new Error('expected a Session');
  return [before, after];
}

/** Finds the targets with other blockers by the whole lists, and blockers of blockers by their paths. */
function compareSimply(
  blockers: FactSelection['blockers'],
  before: SessionRecord,
  after: SessionRecord,
): (target: TrackedTarget) => boolean {
  const [was, is] = [explainSimply(before), explainSimply(after)];
  const keysOf = (list: readonly (TrackedTarget | null)[]) => list.map((one) => one?.key);
  const find = (of: SessionRecord, key: string) => of.status.targets.find((one) => one.key === key);
  if (blockers !== 'chains') {
    const shown = (list: readonly (TrackedTarget | null)[]) => (blockers === 'names' ? keysOf(list) : list);
    const differ = (a: readonly unknown[], b: readonly unknown[]) =>
      a.length !== b.length || a.some((one, index) => one !== b[index]);
    return (target) =>
      differ(shown(was.blockedBy(target)), shown(is.blockedBy(target))) ||
      differ(shown(was.stepsOf(target).slice(1)), shown(is.stepsOf(target).slice(1)));
  }
  return (target) => hasAffected(target.key, new Set());

  function hasAffected(key: string, seen: Set<string>): boolean {
    if (seen.has(key)) return false;
    seen.add(key);
    const [previous, target] = [find(before, key), find(after, key)];
    const lists = [previous ? was.blockedBy(previous) : [], target ? is.blockedBy(target) : []];
    const steps = [previous ? was.stepsOf(previous) : [], target ? is.stepsOf(target) : []];
    if (previous && target && String(lists.map(keysOf)[0]) !== String(lists.map(keysOf)[1])) return true;
    if (previous && target && String(steps.map(keysOf)[0]) !== String(steps.map(keysOf)[1])) return true;
    return lists
      .flat()
      .some(({ key: other }) => find(before, other) !== find(after, other) || hasAffected(other, seen));
  }
}

describe('compareBlockers', () => {
  it.each([['names'], ['states'], ['chains']] as const)(
    'finds the same targets as a comparison of all lists, if %s of blockers are shown',
    (blockers) => {
      fc.assert(
        fc.property(tangledSessions, tangledSessions, (first, second) => {
          const [before, after] = recordsOf(first, second);
          const [found, expected] = [
            compareBlockers(selection(blockers), before, after),
            compareSimply(blockers, before, after),
          ];
          const unchanged = after.status.targets.filter((target) => before.status.targets.includes(target));
          for (const target of unchanged)
            expect([target.name, found(target)]).toEqual([target.name, expected(target)]);
        }),
        { numRuns: 300 },
      );
    },
  );

  it.each([['names'], ['states'], ['chains']] as const)(
    'compares 5,000 targets that wait for 5,000 others within the time of a test, if %s are shown',
    (blockers) => {
      const one = session('a', { 'r:serve': 'running', 'w:serve': 'waiting' });
      const targets = one.status.targets.flatMap((target) =>
        Array.from({ length: 5_000 }, (_, index) => ({
          ...target,
          key: `${target.key}${index}`,
          name: `${target.name}${index}`,
        })),
      );
      const crowd = { ...one, status: { ...one.status, targets } };
      const [before, after] = recordsOf(
        withFacts(crowd, { w: { on: ['r'] } }),
        withFacts(crowd, { w: { on: ['r'] }, x: {} }),
      );
      const found = compareBlockers(selection(blockers), before, after);
      expect(after.status.targets.filter(found)).toEqual([]);
      const [, none] = recordsOf(crowd, withFacts(crowd, {}));
      const lost = compareBlockers(selection(blockers), after, none);
      expect(after.status.targets.filter(lost)).toHaveLength(5_000);
    },
  );
});
