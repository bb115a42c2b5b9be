import { HISTORY_LIMIT, type SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { countListed, type IntrospectionSizes } from './introspection-sizes.js';
import { findMeantSession, nodeOf } from './lookup.js';
import {
  NO_SIZES,
  type SizeName,
  type Sizes,
  sizesOf,
  sizesOfAny,
  sizesOfSome,
  sizesOfStore,
  sizesOfTarget,
} from './sizes.js';

/** The objects that a selection is executed on. */
export interface Population {
  /** How many there are. */
  readonly count: number;
  /** What the Sessions they belong to hold together. */
  readonly sizes: Sizes;
}

/** What a field gives: the objects beneath it, and what it costs to find them beyond its own place in the answer. */
export interface Yield extends Population {
  readonly work?: number;
}

/** What the size of a field's result follows from. */
export interface FieldSource {
  readonly store: ReadableStore;
  readonly args: Readonly<Record<string, unknown>>;
  /** The objects that have the field. */
  readonly parent: Population;
  readonly introspection: IntrospectionSizes;
}

/** One of two targets that are compared with a filter costs as much as a field: 0.3 to 0.6 µs were measured, a field takes 0.7 to 3. */
const COMPARISON = 1 / 2;

/** A target that is counted into its phase or its resource. */
const COUNTING = 1 / 8;

/** A reference of a router to an entity: it is checked, and looked up by the parts of its id. */
const LOOKUP = 10;

/** The size of a page that does not say its length, as the schema has it. */
const PAGE = 100;

/** The length of a history that does not say it, as the schema has it. */
const HISTORY = 10;

/** Lists that hold the items of this kind of all their parents' Sessions. */
const BY_SIZE: ReadonlyMap<string, SizeName> = new Map([
  ['SessionConnection.edges', 'sessions'],
  ['SessionConnection.nodes', 'sessions'],
  ['SessionChanges.changes', 'sessions'],
  ['TargetChanges.changes', 'changes'],
  ['SessionStatus.targets', 'targets'],
  ['Resource.targets', 'memberships'],
  ['Verdict.waiting', 'waiting'],
  ['Verdict.notReady', 'notReady'],
  ['Verdict.retrying', 'retrying'],
  ['Verdict.failed', 'failed'],
  ['ObjectMeta.labels', 'labels'],
  ['ObjectMeta.annotations', 'annotations'],
  ['ObjectMeta.finalizers', 'finalizers'],
  ['ObjectMeta.ownerReferences', 'owners'],
  ['ObjectMeta.managedFields', 'managers'],
]);

/** Fields whose results need more than a kind of item to be counted. */
const BY_RULE: ReadonlyMap<string, (source: FieldSource) => Yield> = new Map([
  ['Query.session', ofSession],
  ['Subscription.session', ofSession],
  ['Subscription.targetChanges', ({ store, args }) => ofId(store, args.session)],
  ['Query.sessions', ofPage],
  ['Subscription.sessionChanges', ({ store, args }) => ofStore(store, 1, args.where)],
  ['Query.target', ofTarget],
  ['Query.targets', ({ store, args }) => ofStore(store, sizesOfStore(store).total.targets, args.where)],
  ['Query.node', ({ store, args }) => ofNode(store, args.id)],
  ['Query._entities', ofEntities],
  ['Gateway.sources', ({ store }) => ({ count: store.sources().length, sizes: NO_SIZES })],
  ['Session.resources', ofResources],
  ['Session.counts', ({ parent }) => ({ ...parent, work: parent.sizes.targets * COUNTING })],
  ['Session.verdict', ({ parent }) => ({ ...parent, work: parent.sizes.targets * COUNTING })],
  ['Target.history', ofHistory],
  ['Target.resources', ofNames],
]);

/**
 * What a field of this schema gives; null when that is not known of a list.
 *
 * @param field `<type>.<name>`
 */
export function yieldOf(field: string, isList: boolean, source: FieldSource): Yield | null {
  const { parent } = source;
  const rule = BY_RULE.get(field);
  if (rule) return rule(source);
  const name = BY_SIZE.get(field);
  if (name) return { count: parent.sizes[name], sizes: parent.sizes };
  if (!isList) return parent;
  const listed = source.introspection.get(field);
  return listed ? { ...parent, count: countListed(listed, parent.count) } : null;
}

function ofSession({ store, args }: FieldSource): Yield {
  return ofId(store, args.id);
}

function ofId(store: ReadableStore, id: unknown): Yield {
  const record = findSession(store, id);
  return { count: 1, sizes: record ? sizesOf(record) : NO_SIZES };
}

/** Where several Sessions could be meant that is an error, and nothing is executed beneath it. */
function findSession(store: ReadableStore, id: unknown): SessionRecord | null {
  return findMeantSession(store, typeof id === 'string' ? id : null);
}

function ofPage({ store, args: { first, where } }: FieldSource): Yield {
  const size = typeof first === 'number' ? Math.max(first, 0) : PAGE;
  const all = sizesOfStore(store);
  return {
    count: 1,
    sizes: sizesOfSome(all, size),
    work: all.total.sessions * COMPARISON + workOf(all.total, where),
  };
}

function ofStore(store: ReadableStore, count: number, where: unknown): Yield {
  const { total } = sizesOfStore(store);
  return { count, sizes: total, work: workOf(total, where) };
}

function workOf({ targets }: Sizes, where: unknown): number {
  return where == null ? 0 : targets * COMPARISON;
}

function ofTarget({ store, args: { session, name } }: FieldSource): Yield {
  const record = findSession(store, session);
  const target = record?.status.targets.find((candidate) => candidate.name === name);
  const work = (record?.status.targets.length ?? 0) * COUNTING;
  return { count: 1, sizes: target ? sizesOfTarget(target) : NO_SIZES, work };
}

function ofNode(store: ReadableStore, id: unknown): Yield {
  const node = typeof id === 'string' ? nodeOf(store, id) : null;
  const work = LOOKUP + sizesOfStore(store).max.targets * COUNTING;
  if (node === null) return { count: 1, sizes: NO_SIZES, work };
  return { count: 1, sizes: 'metadata' in node ? sizesOf(node) : sizesOfTarget(node), work };
}

function ofEntities({ store, args: { representations } }: FieldSource): Yield {
  const count = Array.isArray(representations) ? representations.length : 1;
  const all = sizesOfStore(store);
  return { count, sizes: sizesOfAny(all, count), work: count * (LOOKUP + all.max.targets * COUNTING) };
}

function ofResources({ parent: { sizes } }: FieldSource): Yield {
  return { count: sizes.resources, sizes, work: sizes.memberships };
}

function ofHistory({ args: { last }, parent: { count, sizes } }: FieldSource): Yield {
  const length = typeof last === 'number' ? Math.min(Math.max(last, 0), HISTORY_LIMIT) : HISTORY;
  return { count: Math.min(count * length, distinct(count, sizes, sizes.transitions)), sizes };
}

function ofNames({ parent: { count, sizes } }: FieldSource): Yield {
  return { count: distinct(count, sizes, sizes.memberships), sizes };
}

/** What the targets hold: all of it where each is there once at most; otherwise each may be the one that holds all. */
function distinct(count: number, { targets }: Sizes, total: number): number {
  return count <= targets ? total : count * Math.min(total, HISTORY_LIMIT);
}
