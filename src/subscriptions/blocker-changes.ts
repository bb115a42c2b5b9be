import type { Explanation } from '../model/explanation.js';
import { createWaiterSearch } from '../model/wait-graph.js';
import { explanationOfRecord, type SessionRecord, type TrackedTarget } from '../store/record.js';
import type { FactSelection } from './fact-selection.js';
import { hasSameExcerpt } from './shown-session.js';

/** Whether what is shown of the blockers of an unchanged target differs between two states of its Session. */
export type HaveBlockersChanged = (target: TrackedTarget) => boolean;

/** Compares what an operation shows of blockers in two states of a Session. */
export function compareBlockers(
  { blockers, excerpts }: FactSelection,
  before: SessionRecord,
  after: SessionRecord,
): HaveBlockersChanged {
  if (blockers === 'none') return () => false;
  const isIdentical = (a: TrackedTarget, b: TrackedTarget) =>
    a === b && (!excerpts.blockers || hasSameExcerpt(a, before, after));
  if (blockers === 'chains') {
    const affected = findAffected(before, after, isIdentical);
    return ({ key }) => affected.has(key);
  }
  const [was, is] = [explanationOfRecord(before), explanationOfRecord(after)];
  const isSame = blockers === 'names' ? hasSameKey : isIdentical;
  const haveSameBlockers = createBlockerComparison(was, is, isSame);
  return (target) =>
    !haveSameBlockers(target, target) || !areSame(rootOf(was, target), rootOf(is, target), isSame);
}

type IsSame = (a: TrackedTarget, b: TrackedTarget) => boolean;

/**
 * Most blockers of a target that are compared one by one. Longer lists that come from other resources, or
 * from one whose targets differ, count as different. They are equal only if targets belong to several
 * resources, which Tilt does not report.
 */
const MAX_COMPARED = 256;

/**
 * Creates a comparison of the blockers of a target in two states of its Session. It compares the targets of
 * each resource once: a comparison of lists took N × N steps for N targets that wait for N others.
 */
function createBlockerComparison(
  was: Explanation<TrackedTarget>,
  is: Explanation<TrackedTarget>,
  isSame: IsSame,
): IsSame {
  const resources = new Map<string, boolean>();
  const lists = new Map<readonly string[], { readonly before: readonly string[]; readonly same: boolean }>();

  return (previous, target) => {
    const before = was.graph.blockingResources(previous);
    const after = is.graph.blockingResources(target);
    const known = lists.get(after);
    if (known?.before === before) return known.same;
    const same = compare(previous, target, before, after);
    lists.set(after, { before, same });
    return same;
  };

  function compare(
    previous: TrackedTarget,
    target: TrackedTarget,
    before: readonly string[],
    after: readonly string[],
  ): boolean {
    if (areSame(before, after, Object.is) && after.every(hasSameTargets)) return true;
    const length = Math.max(countBlockers(was, before), countBlockers(is, after));
    return length <= MAX_COMPARED && areSame(was.blockedBy(previous), is.blockedBy(target), isSame);
  }

  function hasSameTargets(resource: string): boolean {
    const known = resources.get(resource);
    if (known !== undefined) return known;
    const same = areSame(was.graph.openTargets(resource), is.graph.openTargets(resource), isSame);
    resources.set(resource, same);
    return same;
  }
}

function countBlockers({ graph }: Explanation<TrackedTarget>, resources: readonly string[]): number {
  return resources.reduce((sum, name) => sum + graph.openTargets(name).length, 0);
}

/**
 * Returns the keys of the targets of which any blocker differs, directly or through others, or the way to the
 * root of the wait. One search from everything that differs, against the direction of waiting: its time grows
 * with the number of targets and references. A search from each target took 0.5 s for 500 targets.
 */
function findAffected(before: SessionRecord, after: SessionRecord, isIdentical: IsSame): ReadonlySet<string> {
  const [was, is] = [explanationOfRecord(before), explanationOfRecord(after)];
  const haveSameBlockers = createBlockerComparison(was, is, hasSameKey);
  const [known, current] = [targetsByKey(before), targetsByKey(after)];
  const affected = new Set<string>();
  const differing = [...known.keys()].filter((key) => !current.has(key));
  for (const [key, target] of current) {
    const previous = known.get(key);
    if (previous === undefined) {
      differing.push(key);
      continue;
    }
    const isSameStep =
      haveSameBlockers(previous, target) && areSame(stepsOf(was, previous), stepsOf(is, target), hasSameKey);
    if (!isSameStep) affected.add(key);
    if (!isSameStep || !isIdentical(previous, target)) differing.push(key);
  }
  const [takeWaitingBefore, takeWaiting] = [
    createWaiterSearch(was.graph, before.status.targets),
    createWaiterSearch(is.graph, after.status.targets),
  ];
  for (const key of differing) {
    const [previous, target] = [known.get(key), current.get(key)];
    const waiting = [
      ...(previous ? takeWaitingBefore(previous) : []),
      ...(target ? takeWaiting(target) : []),
    ];
    for (const other of waiting) {
      if (affected.has(other.key)) continue;
      affected.add(other.key);
      differing.push(other.key);
    }
  }
  return affected;
}

function targetsByKey({ status }: SessionRecord): ReadonlyMap<string, TrackedTarget> {
  return new Map(status.targets.map((target) => [target.key, target]));
}

/** The first step from a target to the root of its wait, and the root. */
function stepsOf(explanation: Explanation<TrackedTarget>, target: TrackedTarget): readonly TrackedTarget[] {
  const next = explanation.nextToCause(target);
  return next === null ? [] : [next, ...rootOf(explanation, target)];
}

function rootOf({ rootCause }: Explanation<TrackedTarget>, target: TrackedTarget): readonly TrackedTarget[] {
  const root = rootCause(target);
  return root === null ? [] : [root];
}

function areSame<T>(a: readonly T[], b: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((item, index) => {
        const other = b[index];
        return other !== undefined && isSame(item, other);
      }))
  );
}

function hasSameKey(a: TrackedTarget, b: TrackedTarget): boolean {
  return a.key === b.key;
}
