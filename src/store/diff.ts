import type { Target, TargetState } from '../model/session.js';

/** What happened to one target between two states of a Session. */
export interface TargetChange<T extends Target = Target> {
  readonly type: 'added' | 'modified' | 'deleted';
  /** The target now; its last state if it was deleted. */
  readonly target: T;
  readonly previous: T | null;
}

/**
 * What happened between two lists of targets: deleted ones first, then the rest in the new list's order. Targets are
 * matched by name, and a target that is equal is no change. Costs one pass while the order stays as it was (Tilt sorts
 * by name); identical objects are not looked into.
 */
export function diffTargets<T extends Target>(before: readonly T[], after: readonly T[]): TargetChange<T>[] {
  const find = finder(before);
  const changes: TargetChange<T>[] = [];
  let matched = 0;
  for (const [index, target] of after.entries()) {
    const previous = find(target.name, index);
    if (previous === null) {
      changes.push({ type: 'added', target, previous });
      continue;
    }
    matched += 1;
    if (!sameTarget(previous, target)) changes.push({ type: 'modified', target, previous });
  }
  if (matched === before.length) return changes;
  const names = new Set(after.map((target) => target.name));
  const deleted = before.filter((target) => !names.has(target.name));
  return [
    ...deleted.map((target): TargetChange<T> => ({ type: 'deleted', target, previous: target })),
    ...changes,
  ];
}

/** Finds targets by name, trying the place where it most likely is before it makes an index. */
export function finder<T extends Target>(targets: readonly T[]): (name: string, likely: number) => T | null {
  let index: Map<string, T> | undefined;
  return (name, likely) => {
    const guess = targets[likely];
    if (guess?.name === name) return guess;
    index ??= new Map(targets.map((target) => [target.name, target]));
    return index.get(name) ?? null;
  };
}

/** Whether two targets say the same. */
export function sameTarget(a: Target, b: Target): boolean {
  return (
    a === b ||
    (a.name === b.name &&
      a.type === b.type &&
      sameState(a.state, b.state) &&
      a.resources.length === b.resources.length &&
      a.resources.every((resource, index) => resource === b.resources[index]))
  );
}

/** Whether two states say the same. */
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
        a.graceStatus === b.graceStatus &&
        a.startTime === b.startTime &&
        a.finishTime === b.finishTime
      );
    case 'waiting':
      return b.is === 'waiting' && a.waitReason === b.waitReason;
    default:
      return a.is === b.is;
  }
}
