import { isRecord } from '../lib/is-record.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { sizesOf, sizesOfStore } from './count-sizes.js';
import {
  COUNTING,
  type FieldSource,
  LOOKUP,
  type Population,
  type SizeRule,
  type Yield,
} from './field-yield.js';
import { sessionIdOf } from './log-lines.js';
import { findNode } from './relay.js';
import { resolveSession } from './selection.js';
import { NO_SIZES, type Sizes, sizesOfAny, sizesOfSome } from './sizes.js';

/**
 * Cost of comparing a target with a filter: 0.3 to 0.6 µs were measured, a field takes 0.7 to 3 µs.
 */
const COMPARISON = 1 / 2;

/** Cost of comparing a label with a glob: 0.1 µs. Each is compared once for all targets of its resource. */
const LABEL = 1 / 4;

/** Default size of a page, as in the schema. */
const PAGE = 100;

/** Rules of the fields of `Query` and `Subscription`, by their arguments and the data of the store. */
export const ROOT_RULES: readonly SizeRule[] = [
  ['Query.session', ofSession],
  ['Subscription.session', ofSession],
  ['Subscription.targetChanges', ofTargetChanges],
  ['Query.sessions', ofPage],
  ['Subscription.sessionChanges', ({ store, args }) => ofStore(store, 1, args.where)],
  ['Query.target', ofTarget],
  ['Query.targets', ({ store, args }) => ofStore(store, sizesOfStore(store).total.targets, args.where)],
  ['Query.node', ({ store, args }) => ofNode(store, args.id)],
  ['Query._entities', ofEntities],
];

function ofSession({ store, args }: FieldSource): Yield {
  return ofId(store, args.id);
}

function ofTargetChanges({ store, args: { session, where } }: FieldSource): Yield {
  const found = ofId(store, session);
  return { ...found, work: workOf(found.sizes, where) };
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

/** Cost of a `TargetFilter`, or of a `SessionFilter` that contains one. */
function workOf({ targets, memberships, resourceLabels }: Sizes, where: unknown): number {
  if (!isRecord(where)) return 0;
  const { resource, label } = isRecord(where.target) ? where.target : where;
  const ofResources = resource == null ? 0 : memberships * COUNTING;
  const ofLabels = label == null ? 0 : memberships * COUNTING + resourceLabels * LABEL;
  return targets * COMPARISON + ofResources + ofLabels;
}

function ofTarget({ store, args: { session, name } }: FieldSource): Yield {
  const record = findSession(store, session);
  const target = record?.status.targets.find((candidate) => candidate.name === name);
  const work = (record?.status.targets.length ?? 0) * COUNTING;
  return { ...ofTargetIn(target ? record : null), work };
}

/** Any target of a Session: it may be the one with the longest lists, and lead to all others. */
function ofTargetIn(record: SessionRecord | null): Population {
  return { count: 1, sizes: record ? sizesOf(record) : NO_SIZES, isRepeated: true };
}

function ofNode(store: ReadableStore, id: unknown): Yield {
  const node = typeof id === 'string' ? findNode(store, id) : null;
  const work = LOOKUP + sizesOfStore(store).max.targets * COUNTING;
  if (node === null) return { count: 1, sizes: NO_SIZES, work };
  if ('metadata' in node) return { count: 1, sizes: sizesOf(node), work };
  return { ...ofTargetIn(store.get(sessionIdOf(node))), work };
}

function ofEntities({ store, args: { representations } }: FieldSource): Yield {
  const count = Array.isArray(representations) ? representations.length : 1;
  const all = sizesOfStore(store);
  return { count, sizes: sizesOfAny(all, count), work: count * (LOOKUP + all.max.targets * COUNTING) };
}
