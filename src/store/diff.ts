import type { MicroTime } from '../model/micro-time.js';
import { sameJson } from '../model/same-json.js';
import type { Target, TargetState } from '../model/session.js';

/** Change of one target between two states of a Session. */
export interface TargetChange<T extends Target = Target> {
  readonly type: 'added' | 'modified' | 'deleted';
  /** The new state of the target; its last state if it was deleted. */
  readonly target: T;
  readonly previous: T | null;
}

/** A target to which observations of the gateway may have been added. */
type Observed = Target & {
  readonly since?: MicroTime;
  readonly readiness?: object | null;
  readonly history?: readonly object[];
};

/** Result of merging two lists of targets. */
export interface TargetMerge<T extends Target> {
  /** The merged list; the previous list itself when every target is equal and at the same index. */
  readonly targets: readonly T[];
  /** Deletions first, then additions and modifications in the order of the new list. */
  readonly changes: readonly TargetChange<T>[];
}

/**
 * Compares two lists of targets of one run of Tilt. Targets are matched by key; equal targets are no change.
 * One pass; identical objects are not compared field by field.
 */
export function diffTargets<T extends Observed>(
  before: readonly T[],
  after: readonly T[],
): readonly TargetChange<T>[] {
  if (before === after) return [];
  return mergeTargets(before, after, (target) => target, isSameInRun).changes;
}

/** Compares the targets of two runs of Tilt, whose histories have nothing in common. */
export function diffRuns<T extends Observed>(
  before: readonly T[],
  after: readonly T[],
): readonly TargetChange<T>[] {
  return mergeTargets(before, after, (target) => target, isSameAfterRestart).changes;
}

/**
 * Merges a new list of targets into the previous one. Equal targets keep their previous object.
 *
 * @param take creates the merged target for a target that is new or differs
 */
export function mergeTargets<T extends Target, N extends Target>(
  before: readonly T[],
  after: readonly N[],
  take: (target: N, previous: T | null) => T,
  isSame: (previous: T, target: N) => boolean = sameTarget,
): TargetMerge<T> {
  const find = createFinder(before);
  const changes: TargetChange<T>[] = [];
  let matched = 0;
  const targets = after.map((target) => {
    const previous = find(target.key);
    if (previous !== null) matched += 1;
    if (previous !== null && isSame(previous, target)) return previous;
    const taken = take(target, previous);
    changes.push({ type: previous === null ? 'added' : 'modified', target: taken, previous });
    return taken;
  });
  if (matched < before.length) return { targets, changes: [...deletedFrom(before, after), ...changes] };
  const isBefore = changes.length === 0 && targets.every((target, index) => target === before[index]);
  return { targets: isBefore ? before : targets, changes };
}

/**
 * Merges two lists that can differ only at the given indices; the other targets are not read. Comparing 100
 * targets of each list took 0.15 ms when they had last been read 10 ms earlier, because they had left the
 * processor's cache. Returns null when the lists do not have the same keys at those indices.
 */
export function mergeTargetsAt<T extends Target, N extends Target>(
  before: readonly T[],
  after: readonly N[],
  indices: readonly number[],
  take: (target: N, previous: T) => T,
): TargetMerge<T> | null {
  if (before.length !== after.length) return null;
  const targets = before.slice();
  const changes: TargetChange<T>[] = [];
  for (const index of indices) {
    const previous = before[index];
    const target = after[index];
    if (!previous || !target || previous.key !== target.key) return null;
    if (sameTarget(previous, target)) continue;
    const taken = take(target, previous);
    targets[index] = taken;
    changes.push({ type: 'modified', target: taken, previous });
  }
  return { targets: changes.length === 0 ? before : targets, changes };
}

/**
 * Creates a lookup of targets by key. Lookups in the order of the list need no search. The first lookup out
 * of order builds an index: 1 ms for 10,000 targets, a quarter of the time of their decoding.
 */
function createFinder<T extends Target>(targets: readonly T[]): (key: string) => T | null {
  let next = 0;
  let indices: Map<string, number> | undefined;
  return (key) => {
    if (targets[next]?.key !== key) {
      indices ??= new Map(targets.map((target, index) => [target.key, index]));
      const index = indices.get(key);
      if (index === undefined) return null;
      next = index;
    }
    const found = targets[next];
    next += 1;
    return found ?? null;
  };
}

function deletedFrom<T extends Target>(before: readonly T[], after: readonly Target[]): TargetChange<T>[] {
  const keys = new Set(after.map((target) => target.key));
  return before
    .filter((target) => !keys.has(target.key))
    .map((target) => ({ type: 'deleted', target, previous: target }));
}

/** Whether two targets with the same key are equal. */
function sameTarget(a: Target, b: Target): boolean {
  return (
    a === b ||
    // The key determines the name once it is known whether they are equal. In most targets they are the same
    // string.
    ((a.key === a.name) === (b.key === b.name) &&
      a.typeText === b.typeText &&
      sameState(a.state, b.state) &&
      sameStrings(a.resources, b.resources))
  );
}

/**
 * Equality of two states of one run: a target that has returned to an earlier state has a longer history. The
 * history is the same object until a transition is added to it.
 */
function isSameInRun(a: Observed, b: Observed): boolean {
  return a === b || (a.history === b.history && isSameObservation(a, b));
}

/** The same across two runs, which share no objects. */
function isSameAfterRestart(a: Observed, b: Observed): boolean {
  return isSameObservation(a, b) && sameJson(a.history ?? null, b.history ?? null);
}

/** Equality without the history: the state may be the same while the start of the phase is not. */
function isSameObservation(a: Observed, b: Observed): boolean {
  return a.since === b.since && sameTarget(a, b) && sameJson(a.readiness ?? null, b.readiness ?? null);
}

/** Whether two lists of strings are equal. */
export function sameStrings(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, index) => text === b[index]));
}

/** Whether two states are equal. */
export function sameState(a: TargetState, b: TargetState): boolean {
  if (a === b) return true;
  switch (a.is) {
    case 'active':
      return (
        b.is === 'active' &&
        a.ready === b.ready &&
        a.startTime === b.startTime &&
        a.lastReadyTime === b.lastReadyTime
      );
    case 'terminated':
      return (
        b.is === 'terminated' &&
        a.error === b.error &&
        a.graceStatusText === b.graceStatusText &&
        a.startTime === b.startTime &&
        a.finishTime === b.finishTime
      );
    case 'waiting':
      return b.is === 'waiting' && a.waitReason === b.waitReason && a.needsTrigger === b.needsTrigger;
    default:
      return a.is === b.is;
  }
}
