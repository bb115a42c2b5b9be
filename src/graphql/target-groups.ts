import { computePhase, type Phase } from '../model/phase.js';
import type { Target } from '../model/session.js';

/** Counts targets by phase and in total. */
export function countPhases(targets: readonly Target[]): Record<Phase | 'total', number> {
  const counts = {
    total: targets.length,
    inactive: 0,
    disabled: 0,
    waiting: 0,
    untriggered: 0,
    running: 0,
    ready: 0,
    succeeded: 0,
    failed: 0,
    retrying: 0,
  };
  for (const target of targets) counts[computePhase(target)] += 1;
  return counts;
}

/** Groups targets by Tiltfile resource, sorted by name. A target of several resources is in each group. */
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
