import { HISTORY_LIMIT, type SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { countListed, type IntrospectionSizes } from './introspection-sizes.js';
import { MAX_LOG_LINES } from './log-lines.js';
import { findNode, resolveSession } from './selection.js';
import {
  MAX_EXCERPT_LINES,
  NO_SIZES,
  type SizeName,
  type Sizes,
  sizesOf,
  sizesOfAny,
  sizesOfSome,
  sizesOfStore,
  sizesOfTarget,
} from './sizes.js';

/** Objects that a selection is executed on. */
export interface Population {
  /** Number of objects. */
  readonly count: number;
  /** Sizes of the Sessions that they belong to, in total. */
  readonly sizes: Sizes;
}

/**
 * Result of a field: the objects beneath it, and the cost of finding them in addition to the field itself.
 */
export interface Yield extends Population {
  readonly work?: number;
}

/** Input for the size of a field's result. */
export interface FieldSource {
  readonly store: ReadableStore;
  readonly args: Readonly<Record<string, unknown>>;
  /** Objects that have the field. */
  readonly parent: Population;
  readonly introspection: IntrospectionSizes;
}

/**
 * Cost of comparing a target with a filter: 0.3 to 0.6 µs were measured, a field takes 0.7 to 3 µs.
 */
const COMPARISON = 1 / 2;

/** Cost of counting a target by phase or resource. */
const COUNTING = 1 / 8;

/** Cost of resolving an entity reference, which is checked and looked up by the parts of its id. */
const LOOKUP = 10;

/** Default size of a page, as in the schema. */
const PAGE = 100;

/** Default length of a history, as in the schema. */
const HISTORY = 10;

/** Default number of lines, as in the schema. */
const LOG_LINES = 20;

/** Lists whose total length is a size of their parents' Sessions. */
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
  ['Verdict.untriggered', 'untriggered'],
  ['LogLines.lines', 'logLines'],
  ['ObjectMeta.labels', 'labels'],
  ['ObjectMeta.annotations', 'annotations'],
  ['ObjectMeta.finalizers', 'finalizers'],
  ['ObjectMeta.ownerReferences', 'owners'],
  ['ObjectMeta.managedFields', 'managers'],
]);

/** Fields whose sizes follow from their arguments. */
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
  ['Source.unavailable', ofUnavailable],
  ['Session.resources', ofResources],
  ['Session.counts', ({ parent }) => ({ ...parent, work: parent.sizes.targets * COUNTING })],
  ['Session.verdict', ofVerdict],
  ['Target.history', ofHistory],
  ['Target.blockedBy', ofBlockers],
  ['Target.rootCause', ofRootCause],
  ['Resource.labels', ofMembers('resourceLabels')],
  ['Resource.links', ofMembers('links')],
  ['Resource.conditions', ofMembers('conditions')],
  ['Resource.waitingOn', ofMembers('waitingOn')],
  ['Target.resources', ofNames],
  ['Target.log', ofLog],
  ['Resource.log', ofLog],
  ['LogExcerpt.lines', ofExcerpt],
  ['Subscription.log', ofTail],
]);

/**
 * Returns the size of a field's result. Null for a list of unknown length.
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

/** If several Sessions are possible the field fails, and nothing beneath it is executed. */
function findSession(store: ReadableStore, id: unknown): SessionRecord | null {
  return resolveSession(store, typeof id === 'string' ? id : null);
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
  const node = typeof id === 'string' ? findNode(store, id) : null;
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

/** All sources, each of which occurs once. */
function ofUnavailable({ store, parent: { sizes } }: FieldSource): Yield {
  return { count: store.sources().reduce((sum, { unavailable }) => sum + unavailable.length, 0), sizes };
}

/** The reason of a verdict names what blocks the waiting targets. */
function ofVerdict({ parent }: FieldSource): Yield {
  return { ...parent, work: (parent.sizes.targets + parent.sizes.blockers) * COUNTING };
}

/** A search through the Session's blockers finds the target at the root of a wait. */
function ofRootCause({ parent: { count, sizes } }: FieldSource): Yield {
  return { count, sizes, work: (sizes.targets + sizes.blockers) * COUNTING };
}

function ofBlockers({ parent: { count, sizes } }: FieldSource): Yield {
  const all = count <= sizes.targets ? sizes.blockers : count * Math.min(sizes.blockers, sizes.targets);
  return { count: all, sizes, work: sizes.targets * COUNTING };
}

/** Lists of resources: in total as long as those of all resources, if each resource occurs once. */
function ofMembers(name: SizeName): (source: FieldSource) => Yield {
  return ({ parent: { count, sizes } }) => {
    const total = sizes[name];
    return { count: count <= sizes.resources ? total : Math.min(count, total) * total, sizes };
  };
}

function ofNames({ parent: { count, sizes } }: FieldSource): Yield {
  return { count: distinct(count, sizes, sizes.memberships), sizes };
}

/** Lines of each parent, but no more than were logged if each parent occurs once. */
function ofLog({ store, args: { last }, parent: { count, sizes } }: FieldSource): Yield {
  const most = count * countLast(last);
  const isEachOnce = count <= Math.max(sizes.targets, sizes.resources);
  return { count: isEachOnce ? Math.min(most, countLogged(store)) : most, sizes, work: count * LOOKUP };
}

/** Number of lines of a tail. An invalid number is an error, and nothing is executed. */
function countLast(last: unknown): number {
  return typeof last === 'number' ? Math.min(Math.max(last, 0), MAX_LOG_LINES) : LOG_LINES;
}

function countLogged(store: ReadableStore): number {
  return store.ids().reduce((sum, id) => sum + (store.log(id)?.position ?? 0), 0);
}

/** Lines of excerpts: in total as many as there are, if each target occurs once. */
function ofExcerpt({ parent: { count, sizes } }: FieldSource): Yield {
  const { targets, excerptLines } = sizes;
  const most = count * Math.min(excerptLines, MAX_EXCERPT_LINES);
  return { count: count <= targets ? excerptLines : most, sizes };
}

function ofTail(): Yield {
  return { count: 1, sizes: { ...NO_SIZES, logLines: MAX_LOG_LINES } };
}

/**
 * Returns the maximum length of the targets' lists: the total if each target occurs once, otherwise each may
 * be the target that has all.
 */
function distinct(count: number, { targets }: Sizes, total: number): number {
  return count <= targets ? total : count * Math.min(total, HISTORY_LIMIT);
}
