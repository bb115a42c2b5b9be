import { memoize } from '../lib/memoize.js';
import type { ResourceFacts } from '../model/facts.js';
import type { TargetExcerpt } from '../model/log.js';
import type { Revision } from '../store/journal.js';
import type { RecordChange, SessionRecord, TrackedTarget } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { countPhases } from './count-phases.js';
import { combine, NO_SIZES, type Sizes, type SizesOfMany } from './sizes.js';

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

/**
 * Returns the sizes of an event: of the Sessions as it shows them, and as the store holds them now, since
 * blockers and logs are those of the newest state.
 */
export function sizesOfEvent(store: ReadableStore, records: readonly (SessionRecord | null)[]): Sizes {
  const shown = records.filter((record) => record !== null);
  const newest = shown.flatMap(({ id }) => store.get(id) ?? []);
  const [first] = shown;
  // The usual event: the newest state of one Session.
  if (first && shown.length === 1 && newest[0] === first) return sizesOf(first);
  return combine(sizesOfAll(shown).total, sizesOfAll(newest).total, Math.max);
}

/** Returns the number of targets. One with several resources counts as many. */
export function countItems(targets: readonly TrackedTarget[]): number {
  return targets.reduce((sum, { resources }) => sum + Math.max(resources.length, 1), 0);
}

const itemsOfRecords = new WeakMap<SessionRecord, number>();

/**
 * Returns the same of a Session. Counted once, because a record never changes, and from the number of the
 * record before when the revision that led to it is known: reading 100 targets that had left the processor's
 * cache took 13 % of the time of an update.
 */
export function itemsOf(record: SessionRecord, revision: Revision | null = null): number {
  const known = itemsOfRecords.get(record);
  if (known !== undefined) return known;
  const before =
    revision?.after === record && revision.before ? itemsOfRecords.get(revision.before) : undefined;
  const items =
    revision === null || before === undefined
      ? countItems(record.status.targets)
      : before + addedItems(revision.changes);
  itemsOfRecords.set(record, items);
  return items;
}

function addedItems(changes: readonly RecordChange[]): number {
  const after = changes.flatMap(({ type, target }) => (type === 'deleted' ? [] : [target]));
  const before = changes.flatMap(({ previous }) => previous ?? []);
  return countItems(after) - countItems(before);
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

function count(record: SessionRecord): Sizes {
  const { metadata, status } = record;
  const resources = new Map<string, number>();
  let [transitions, memberships, extraMemberships, membershipsOfOne, targetsOfOne] = [0, 0, 0, 0, 0];
  const { waiting, running, retrying, failed, untriggered } = countPhases(status.targets);
  for (const target of status.targets) {
    transitions += target.history.length;
    memberships += target.resources.length;
    extraMemberships += Math.max(target.resources.length - 1, 0);
    membershipsOfOne = Math.max(membershipsOfOne, target.resources.length);
    for (const name of target.resources) {
      const members = (resources.get(name) ?? 0) + 1;
      resources.set(name, members);
      targetsOfOne = Math.max(targetsOfOne, members);
    }
  }
  return {
    sessions: 1,
    targets: status.targets.length,
    changes: status.targets.length,
    transitions,
    resources: resources.size,
    memberships,
    extraMemberships,
    targetsOfOne,
    waiting,
    notReady: running,
    retrying,
    failed,
    untriggered,
    ...countFacts(record.facts?.resources ?? [], resources, membershipsOfOne),
    excerptLines: countExcerptLines(record.facts?.excerpts),
    logLines: 0,
    labels: metadata.labels.length,
    annotations: metadata.annotations.length,
    finalizers: metadata.finalizers.length,
    owners: metadata.ownerReferences.length,
    managers: metadata.managedFields.length,
  };
}

/**
 * @param members number of targets of each resource
 * @param membershipsOfOne maximum number of resources of a target
 */
function countFacts(
  facts: readonly ResourceFacts[],
  members: ReadonlyMap<string, number>,
  membershipsOfOne: number,
) {
  const counts = {
    ...{ blockers: 0, blockersOfOne: 0, resourceLabels: 0, links: 0, conditions: 0 },
    ...{ waitingOn: 0, waitingOnOfOne: 0 },
  };
  for (const { name, labels, links, conditions, waitingOn } of facts) {
    counts.resourceLabels += labels.length;
    counts.links += links.length;
    counts.conditions += conditions.length;
    counts.waitingOn += waitingOn.length;
    counts.waitingOnOfOne = Math.max(counts.waitingOnOfOne, waitingOn.length);
    const blocking = waitingOn.reduce((sum, reference) => sum + (members.get(reference.name) ?? 0), 0);
    counts.blockers += blocking * (members.get(name) ?? 0);
    counts.blockersOfOne = Math.max(counts.blockersOfOne, blocking * membershipsOfOne);
  }
  return counts;
}

function countExcerptLines(excerpts: readonly TargetExcerpt[] = []): number {
  return excerpts.reduce((sum, { lines }) => sum + lines.length, 0);
}
