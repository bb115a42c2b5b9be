import type { Target } from '../model/session.js';
import { computePhase, type Phase } from '../model/verdict.js';

/** How many targets are in each phase, and in all. */
export function countPhases(targets: readonly Target[]): Record<Phase | 'total', number> {
  const counts = {
    total: targets.length,
    inactive: 0,
    disabled: 0,
    waiting: 0,
    running: 0,
    ready: 0,
    succeeded: 0,
    failed: 0,
    retrying: 0,
  };
  for (const target of targets) counts[computePhase(target)] += 1;
  return counts;
}

/** Targets by Tiltfile resource, by the resource's name. A target of several resources is in each. */
export function groupByResource<T extends Target>(targets: readonly T[]): { name: string; targets: T[] }[] {
  const groups = new Map<string, T[]>();
  for (const target of targets) {
    for (const name of new Set(target.resources)) {
      const group = groups.get(name);
      if (group) group.push(target);
      else groups.set(name, [target]);
    }
  }
  return [...groups]
    .map(([name, members]) => ({ name, targets: members }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
