import { compareNaturally } from '../../lib/natural-order.js';
import type { Resource } from './types.js';

/** Where a resource stands in Tilt's UI. */
interface Place {
  readonly labels: readonly string[];
  /** Null if it is not known. */
  readonly order: number | null;
}

/** The places of resources by name. Empty if nothing is known about them. */
export type Places = ReadonlyMap<string, Place>;

/** Resources by name. */
export type Resources = ReadonlyMap<string, Resource>;

/**
 * Maps resources by their name. Equal resources keep their object, and an equal map is the same one, so that
 * nothing is rendered again.
 */
export function indexResources(before: Resources, newest: readonly Resource[]): Resources {
  let isSame = before.size === newest.length;
  const after = new Map<string, Resource>();
  for (const resource of newest) {
    const old = before.get(resource.name);
    // Resources are plain data whose fields always have the same order.
    const isKnown = old !== undefined && JSON.stringify(old) === JSON.stringify(resource);
    isSame &&= isKnown;
    after.set(resource.name, isKnown ? old : resource);
  }
  return isSame ? before : after;
}

/** Extracts the places of resources. Returns the previous map if no place has changed. */
export function findPlaces(before: Places, resources: Resources): Places {
  const after = new Map<string, Place>();
  let isSame = true;
  for (const { name, labels, order } of resources.values()) {
    if (labels === null) continue;
    const old = before.get(name);
    isSame &&= old?.order === order && hasSameItems(old.labels, labels);
    after.set(name, { labels, order });
  }
  return isSame && before.size === after.size ? before : after;
}

/** Lists the labels of all resources, in the order of Tilt's UI. */
export function listLabels(places: Places): string[] {
  return [...new Set([...places.values()].flatMap(({ labels }) => labels))].sort(compareNaturally);
}

/** Compares resources in the order of Tilt's UI, that of the Tiltfile. Unknown ones are last, by name. */
export function comparePlaces(places: Places): (a: string, b: string) => number {
  const orderOf = (name: string) => places.get(name)?.order ?? Number.MAX_SAFE_INTEGER;
  return (a, b) => orderOf(a) - orderOf(b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** Whether two lists have the same items in the same order. */
export function hasSameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
