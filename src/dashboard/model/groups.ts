import { targetKey } from '../../client/target-key.js';
import { type Filter, matchesTarget } from './filter.js';
import type { Target } from './types.js';

/** A Tiltfile resource and the keys of its targets that are shown. */
export interface Group {
  readonly resource: string;
  readonly keys: readonly string[];
}

/** What targets without a resource stand under. */
const NO_RESOURCE = '(no resource)';

/** The targets that a filter lets through, by resource, by name. A target of several resources is in each. */
export function groupsOf(targets: Iterable<Target>, filter: Filter): Group[] {
  const groups = new Map<string, string[]>();
  for (const target of targets) {
    if (!matchesTarget(target, filter)) continue;
    const resources = target.resources.length > 0 ? target.resources : [NO_RESOURCE];
    const shown = filter.resource === null ? resources : [filter.resource];
    for (const resource of shown) {
      const keys = groups.get(resource);
      if (keys) keys.push(targetKey(target));
      else groups.set(resource, [targetKey(target)]);
    }
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([resource, keys]) => ({ resource, keys }));
}

/** The same groups again, as the same objects wherever nothing differs, so that nothing is drawn anew. */
export function keepGroups(before: readonly Group[], after: readonly Group[]): readonly Group[] {
  const known = new Map(before.map((group) => [group.resource, group]));
  const kept = after.map((group) => {
    const old = known.get(group.resource);
    return old && areSame(old.keys, group.keys) ? old : group;
  });
  return areSame(before, kept) ? before : kept;
}

/** The resources of targets, by name. */
export function resourcesOf(targets: Iterable<Target>): string[] {
  return [...new Set([...targets].flatMap(({ resources }) => resources))].sort();
}

/** Whether two lists have the same items. */
export function areSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
