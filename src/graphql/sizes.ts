import { HISTORY_LIMIT } from '../store/track-target.js';

/** Maximum number of lines of an excerpt. */
export const MAX_EXCERPT_LINES = 50;

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
  /** Memberships beyond the first of each target: such a target occurs several times. */
  readonly extraMemberships: number;
  readonly waiting: number;
  readonly notReady: number;
  readonly retrying: number;
  readonly failed: number;
  readonly untriggered: number;
  /** Targets that block others: at most the sum over all targets. */
  readonly blockers: number;
  /** Targets that block a single target, at most. */
  readonly blockersOfOne: number;
  /** Targets of a single resource, at most. */
  readonly targetsOfOne: number;
  /** Labels of all resources. */
  readonly resourceLabels: number;
  readonly links: number;
  readonly conditions: number;
  /** Objects that the resources wait for. */
  readonly waitingOn: number;
  /** Objects that a single resource waits for, at most. */
  readonly waitingOnOfOne: number;
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
  extraMemberships: 0,
  waiting: 0,
  notReady: 0,
  retrying: 0,
  failed: 0,
  untriggered: 0,
  blockers: 0,
  blockersOfOne: 0,
  targetsOfOne: 0,
  resourceLabels: 0,
  links: 0,
  conditions: 0,
  waitingOn: 0,
  waitingOnOfOne: 0,
  excerptLines: 0,
  logLines: 0,
  labels: 0,
  annotations: 0,
  finalizers: 0,
  owners: 0,
  managers: 0,
};

/**
 * Maximum sizes of one item of an event: a Session, a target, a membership, a change or a line. Infinite for
 * lists that do not follow from the number of items, so that the cost of a document that selects them is
 * infinite too.
 */
export const UNIT_SIZES: Sizes = {
  ...combine(NO_SIZES, NO_SIZES, () => 1),
  transitions: HISTORY_LIMIT,
  excerptLines: MAX_EXCERPT_LINES,
  blockers: Number.POSITIVE_INFINITY,
  blockersOfOne: Number.POSITIVE_INFINITY,
  resourceLabels: Number.POSITIVE_INFINITY,
  links: Number.POSITIVE_INFINITY,
  conditions: Number.POSITIVE_INFINITY,
  waitingOn: Number.POSITIVE_INFINITY,
  waitingOnOfOne: Number.POSITIVE_INFINITY,
  labels: Number.POSITIVE_INFINITY,
  annotations: Number.POSITIVE_INFINITY,
  finalizers: Number.POSITIVE_INFINITY,
  owners: Number.POSITIVE_INFINITY,
  managers: Number.POSITIVE_INFINITY,
};

/** Sizes of some Sessions in total, and the maximum of a single Session. */
export interface SizesOfMany {
  readonly total: Sizes;
  readonly max: Sizes;
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

const SIZE_NAMES = Object.keys(NO_SIZES).filter((name): name is SizeName => name in NO_SIZES);

/** Whether no size exceeds that of the same name. */
export function isWithin(sizes: Sizes, max: Sizes): boolean {
  return SIZE_NAMES.every((name) => sizes[name] <= max[name]);
}

/** Combines two sizes name by name. */
export function combine(a: Sizes, b: Sizes, by: (a: number, b: number) => number): Sizes {
  return {
    sessions: by(a.sessions, b.sessions),
    targets: by(a.targets, b.targets),
    changes: by(a.changes, b.changes),
    transitions: by(a.transitions, b.transitions),
    resources: by(a.resources, b.resources),
    memberships: by(a.memberships, b.memberships),
    extraMemberships: by(a.extraMemberships, b.extraMemberships),
    waiting: by(a.waiting, b.waiting),
    notReady: by(a.notReady, b.notReady),
    retrying: by(a.retrying, b.retrying),
    failed: by(a.failed, b.failed),
    untriggered: by(a.untriggered, b.untriggered),
    blockers: by(a.blockers, b.blockers),
    blockersOfOne: by(a.blockersOfOne, b.blockersOfOne),
    targetsOfOne: by(a.targetsOfOne, b.targetsOfOne),
    resourceLabels: by(a.resourceLabels, b.resourceLabels),
    links: by(a.links, b.links),
    conditions: by(a.conditions, b.conditions),
    waitingOn: by(a.waitingOn, b.waitingOn),
    waitingOnOfOne: by(a.waitingOnOfOne, b.waitingOnOfOne),
    excerptLines: by(a.excerptLines, b.excerptLines),
    logLines: by(a.logLines, b.logLines),
    labels: by(a.labels, b.labels),
    annotations: by(a.annotations, b.annotations),
    finalizers: by(a.finalizers, b.finalizers),
    owners: by(a.owners, b.owners),
    managers: by(a.managers, b.managers),
  };
}
