import { memoize } from '../lib/memoize.js';
import type { ResourceFacts } from '../model/facts.js';
import type { TargetExcerpt } from '../model/log.js';
import { computePhase, type Phase } from '../model/phase.js';
import type { Target } from '../model/session.js';
import { HISTORY_LIMIT, type SessionRecord, type TrackedTarget } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';

/** Total lengths of the lists of some Sessions. */
export interface Sizes {
  readonly sessions: number;
  readonly targets: number;
  /** Changes of targets in an event; in a snapshot each target is a change. */
  readonly changes: number;
  /** Entries of all targets' histories. */
  readonly transitions: number;
  readonly resources: number;
  /** Targets of all resources: a target of two resources counts twice. */
  readonly memberships: number;
  readonly waiting: number;
  readonly notReady: number;
  readonly retrying: number;
  readonly failed: number;
  readonly untriggered: number;
  /** Targets that block others: at most the sum over all targets. */
  readonly blockers: number;
  /** Labels of all resources. */
  readonly resourceLabels: number;
  readonly links: number;
  readonly conditions: number;
  /** Objects that the resources wait for. */
  readonly waitingOn: number;
  /** Lines of the excerpts of failed targets. */
  readonly excerptLines: number;
  /** Lines of a payload of the log. */
  readonly logLines: number;
  readonly labels: number;
  readonly annotations: number;
  readonly finalizers: number;
  readonly owners: number;
  readonly managers: number;
}

/** Name of a size. */
export type SizeName = keyof Sizes;

/** Sizes without a Session. */
export const NO_SIZES: Sizes = {
  sessions: 0,
  targets: 0,
  changes: 0,
  transitions: 0,
  resources: 0,
  memberships: 0,
  waiting: 0,
  notReady: 0,
  retrying: 0,
  failed: 0,
  untriggered: 0,
  blockers: 0,
  resourceLabels: 0,
  links: 0,
  conditions: 0,
  waitingOn: 0,
  excerptLines: 0,
  logLines: 0,
  labels: 0,
  annotations: 0,
  finalizers: 0,
  owners: 0,
  managers: 0,
};

/** One of each, and a complete history. */
export const UNIT_SIZES: Sizes = { ...combine(NO_SIZES, NO_SIZES, () => 1), transitions: HISTORY_LIMIT };

/** Maximum number of lines of an excerpt. */
export const MAX_EXCERPT_LINES = 50;

/** Sizes of some Sessions in total, and the maximum of a single Session. */
export interface SizesOfMany {
  readonly total: Sizes;
  readonly max: Sizes;
}

/** Returns the sizes of a Session. Counted once, because a record never changes. */
export const sizesOf = memoize(count);

/** Returns the sizes of some Sessions. */
export function sizesOfAll(records: readonly SessionRecord[]): SizesOfMany {
  let [total, max] = [NO_SIZES, NO_SIZES];
  for (const sizes of records.map(sizesOf)) {
    total = combine(total, sizes, (a, b) => a + b);
    max = combine(max, sizes, Math.max);
  }
  return { total, max };
}

// Per store, which is specific to the scope of clients. Holds the sizes of the newest revision.
const stores = new WeakMap<ReadableStore, SizesOfMany & { readonly revision: number }>();

/** Returns the sizes of all Sessions in a store. Counted once per revision. */
export function sizesOfStore(store: ReadableStore): SizesOfMany {
  const last = stores.get(store);
  if (last?.revision === store.revision) return last;
  const records = store.ids().flatMap((id) => store.get(id) ?? []);
  const sizes = { ...sizesOfAll(records), revision: store.revision };
  stores.set(store, sizes);
  return sizes;
}

/** Returns the maximum sizes of `limit` of the Sessions. */
export function sizesOfSome({ total, max }: SizesOfMany, limit: number): Sizes {
  if (limit >= total.sessions) return total;
  return combine(total, max, (all, most) => Math.min(all, limit * most));
}

/**
 * Returns the maximum sizes of Sessions that are requested one by one: each may be the largest, also
 * repeatedly.
 */
export function sizesOfAny({ max }: SizesOfMany, count: number): Sizes {
  return combine(max, max, (most) => count * most);
}

/** Returns the sizes of a single target. Its excerpt, if it may have one, counts as the longest. */
export function sizesOfTarget({ history, resources, state }: TrackedTarget): Sizes {
  return {
    ...NO_SIZES,
    targets: 1,
    changes: 1,
    transitions: history.length,
    memberships: resources.length,
    excerptLines: state.is === 'terminated' && state.error !== null ? MAX_EXCERPT_LINES : 0,
  };
}

function countExcerptLines(excerpts: readonly TargetExcerpt[] = []): number {
  return excerpts.reduce((sum, { lines }) => sum + lines.length, 0);
}

function combine(a: Sizes, b: Sizes, by: (a: number, b: number) => number): Sizes {
  return {
    sessions: by(a.sessions, b.sessions),
    targets: by(a.targets, b.targets),
    changes: by(a.changes, b.changes),
    transitions: by(a.transitions, b.transitions),
    resources: by(a.resources, b.resources),
    memberships: by(a.memberships, b.memberships),
    waiting: by(a.waiting, b.waiting),
    notReady: by(a.notReady, b.notReady),
    retrying: by(a.retrying, b.retrying),
    failed: by(a.failed, b.failed),
    untriggered: by(a.untriggered, b.untriggered),
    blockers: by(a.blockers, b.blockers),
    resourceLabels: by(a.resourceLabels, b.resourceLabels),
    links: by(a.links, b.links),
    conditions: by(a.conditions, b.conditions),
    waitingOn: by(a.waitingOn, b.waitingOn),
    excerptLines: by(a.excerptLines, b.excerptLines),
    logLines: by(a.logLines, b.logLines),
    labels: by(a.labels, b.labels),
    annotations: by(a.annotations, b.annotations),
    finalizers: by(a.finalizers, b.finalizers),
    owners: by(a.owners, b.owners),
    managers: by(a.managers, b.managers),
  };
}

function count(record: SessionRecord): Sizes {
  const { metadata, status } = record;
  const resources = new Map<string, number>();
  let [transitions, memberships] = [0, 0];
  const { waiting, running, retrying, failed, untriggered } = countPhases(status.targets);
  for (const target of status.targets) {
    transitions += target.history.length;
    memberships += target.resources.length;
    for (const name of target.resources) resources.set(name, (resources.get(name) ?? 0) + 1);
  }
  return {
    sessions: 1,
    targets: status.targets.length,
    changes: status.targets.length,
    transitions,
    resources: resources.size,
    memberships,
    waiting,
    notReady: running,
    retrying,
    failed,
    untriggered,
    ...countFacts(record.facts?.resources ?? [], resources),
    excerptLines: countExcerptLines(record.facts?.excerpts),
    logLines: 0,
    labels: metadata.labels.length,
    annotations: metadata.annotations.length,
    finalizers: metadata.finalizers.length,
    owners: metadata.ownerReferences.length,
    managers: metadata.managedFields.length,
  };
}

/** @param members number of targets of each resource */
function countFacts(facts: readonly ResourceFacts[], members: ReadonlyMap<string, number>) {
  const counts = { blockers: 0, resourceLabels: 0, links: 0, conditions: 0, waitingOn: 0 };
  for (const { name, labels, links, conditions, waitingOn } of facts) {
    counts.resourceLabels += labels.length;
    counts.links += links.length;
    counts.conditions += conditions.length;
    counts.waitingOn += waitingOn.length;
    const blocking = waitingOn.reduce((sum, reference) => sum + (members.get(reference.name) ?? 0), 0);
    counts.blockers += blocking * (members.get(name) ?? 0);
  }
  return counts;
}

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
