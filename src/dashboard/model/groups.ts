import { targetKey } from '../../client/changes.js';
import { compareNaturally } from '../../lib/natural-order.js';
import { compileOptionalGlob } from '../../model/target-filter.js';
import { compileResourceFilter, compileTargetFilter, type Filter } from './filter.js';
import { comparePlaces, hasSameItems, type Places } from './places.js';
import type { Target } from './types.js';

/** A Tiltfile resource and the keys of its matching targets. */
export interface Group {
  /** Heading above the resource: its label, or {@link NO_LABEL}. Null if resources have no headings. */
  readonly label: string | null;
  readonly resource: string;
  readonly keys: readonly string[];
}

/** Grouping of the table's rows: by resource only, or resources by label. */
export type Grouping = 'resource' | 'label';

/** Heading of resources without a label. */
export const NO_LABEL = 'no label';

/** Heading of targets without a resource. */
const NO_RESOURCE = '(no resource)';

/**
 * Groups matching targets by resource, in the order of Tilt's UI. A target of several resources is in each
 * group. By label, a resource with several labels is below each, and those without one are last.
 */
export function groupTargets(
  targets: Iterable<Target>,
  filter: Filter,
  places: Places,
  grouping: Grouping = 'resource',
): Group[] {
  const keys = collectKeys(targets, filter, places);
  const compare = comparePlaces(places);
  const groups = [...keys].sort(([a], [b]) => compare(a, b));
  if (grouping === 'resource') {
    return groups.map(([resource, members]) => ({ label: null, resource, keys: members }));
  }
  const isShown = compileOptionalGlob(filter.label);
  const headings = new Map<string, Group[]>();
  const unlabelled: Group[] = [];
  for (const [resource, members] of groups) {
    const labels = places.get(resource)?.labels.filter(isShown) ?? [];
    for (const label of labels) {
      const group = { label, resource, keys: members };
      const below = headings.get(label);
      if (below) below.push(group);
      else headings.set(label, [group]);
    }
    if (labels.length === 0) unlabelled.push({ label: NO_LABEL, resource, keys: members });
  }
  // Tilt's UI orders labels by name.
  const sorted = [...headings].sort(([a], [b]) => compareNaturally(a, b));
  return [...sorted.flatMap(([, below]) => below), ...unlabelled];
}

/** Replaces new groups by equal previous ones, so that these are not rendered again. */
export function reuseGroups(before: readonly Group[], after: readonly Group[]): readonly Group[] {
  const known = new Map(before.map((group) => [groupKey(group), group]));
  const reused = after.map((group) => {
    const old = known.get(groupKey(group));
    return old && hasSameItems(old.keys, group.keys) ? old : group;
  });
  return hasSameItems(before, reused) ? before : reused;
}

/** Key of a group, unique in the table. */
export function groupKey({ label, resource }: Group): string {
  return JSON.stringify([label, resource]);
}

/** The keys of the matching targets by resource. */
function collectKeys(targets: Iterable<Target>, filter: Filter, places: Places): Map<string, string[]> {
  const isMatch = compileTargetFilter(filter, places);
  const isShown = compileResourceFilter(filter, places);
  const groups = new Map<string, string[]>();
  for (const target of targets) {
    if (!isMatch(target)) continue;
    const resources = target.resources.length > 0 ? target.resources : [NO_RESOURCE];
    for (const resource of resources.filter(isShown)) {
      const keys = groups.get(resource);
      if (keys) keys.push(targetKey(target));
      else groups.set(resource, [targetKey(target)]);
    }
  }
  return groups;
}
