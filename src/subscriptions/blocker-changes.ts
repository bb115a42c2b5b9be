import type { Explanation } from '../model/explanation.js';
import { explanationOfRecord, type SessionRecord, type TrackedTarget } from '../store/record.js';
import type { FactSelection } from './fact-selection.js';
import { hasSameExcerpt } from './shown-facts.js';

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
  return (target) =>
    !areSame(was.blockedBy(target), is.blockedBy(target), isSame) ||
    !areSame(rootOf(was, target), rootOf(is, target), isSame);
}

/**
 * Returns the keys of the targets of which any blocker differs, directly or through others, or the way to the
 * root of the wait. One search from everything that differs, against the direction of waiting: its time grows
 * with the number of targets and blockers. A search from each target took 0.5 s for 500 targets.
 */
function findAffected(
  before: SessionRecord,
  after: SessionRecord,
  isIdentical: (a: TrackedTarget, b: TrackedTarget) => boolean,
): ReadonlySet<string> {
  const [was, is] = [explanationOfRecord(before), explanationOfRecord(after)];
  const known = new Map(before.status.targets.map((target) => [target.key, target]));
  const waiting = new Map<string, string[]>();
  const affected = new Set<string>();
  const differing: string[] = [];
  for (const target of after.status.targets) {
    const { key } = target;
    addWaiting(target, is);
    const previous = known.get(key);
    known.delete(key);
    if (previous === undefined) {
      differing.push(key);
      continue;
    }
    addWaiting(previous, was);
    const isSameStep =
      areSame(was.blockedBy(previous), is.blockedBy(target), hasSameKey) &&
      areSame(stepsOf(was, previous), stepsOf(is, target), hasSameKey);
    if (!isSameStep) affected.add(key);
    if (!isSameStep || !isIdentical(previous, target)) differing.push(key);
  }
  for (const [key, target] of known) {
    addWaiting(target, was);
    differing.push(key);
  }
  for (const key of differing) {
    for (const other of waiting.get(key) ?? []) {
      if (affected.has(other)) continue;
      affected.add(other);
      differing.push(other);
    }
  }
  return affected;

  function addWaiting(target: TrackedTarget, { blockedBy }: Explanation<TrackedTarget>): void {
    for (const { key } of blockedBy(target)) {
      const list = waiting.get(key);
      if (list) list.push(target.key);
      else waiting.set(key, [target.key]);
    }
  }
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
