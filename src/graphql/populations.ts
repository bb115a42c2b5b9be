import type { ReadableStore } from '../store/scoped.js';
import { HISTORY_LIMIT } from '../store/track-target.js';
import { COUNTING, type FieldSource, LOOKUP, type Population, type Yield } from './field-yield.js';
import { countListed } from './introspection-sizes.js';
import { MAX_LOG_LINES } from './log-lines.js';
import { ROOT_RULES } from './root-populations.js';
import { MAX_EXCERPT_LINES, NO_SIZES, type SizeName } from './sizes.js';

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
  ...ROOT_RULES,
  ['Gateway.sources', ({ store }) => ({ count: store.sources().length, sizes: NO_SIZES })],
  ['Source.unavailable', ofUnavailable],
  ['Session.resources', ofResources],
  ['Session.counts', ({ parent }) => ({ ...parent, work: parent.sizes.targets * COUNTING })],
  ['Session.verdict', ofVerdict],
  ['Target.history', ofHistory],
  ['Target.blockedBy', ofBlockers],
  ['Target.rootCause', ofRootCause],
  ['WaitingOn.resource', ({ parent }) => ({ ...parent, isRepeated: true })],
  ['Resource.labels', ofMembers('resourceLabels')],
  ['Resource.links', ofMembers('links')],
  ['Resource.conditions', ofMembers('conditions')],
  ['Resource.waitingOn', ofMembers('waitingOn', 'waitingOnOfOne')],
  ['Resource.targets', ofTargets],
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
  if (name) return { ...parent, count: (parent.isRepeated ? parent.count : 1) * parent.sizes[name] };
  if (!isList) return parent;
  const listed = source.introspection.get(field);
  return listed ? { ...parent, count: countListed(listed, parent.count) } : null;
}

function ofResources({ parent: { sizes } }: FieldSource): Yield {
  return { count: sizes.resources, sizes, work: sizes.memberships };
}

function ofHistory({ args: { last }, parent }: FieldSource): Yield {
  const length = typeof last === 'number' ? Math.min(Math.max(last, 0), HISTORY_LIMIT) : HISTORY;
  const total = lengthOf(parent, parent.sizes.transitions, HISTORY_LIMIT);
  return { ...parent, count: Math.min(parent.count * length, total) };
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
function ofRootCause({ parent }: FieldSource): Yield {
  const { targets, blockers } = parent.sizes;
  return { ...parent, isRepeated: true, work: (targets + blockers) * COUNTING };
}

/** A target may block many others, and is then listed by each of them. */
function ofBlockers({ parent }: FieldSource): Yield {
  const { targets, blockers, blockersOfOne } = parent.sizes;
  const count = lengthOf(parent, blockers, blockersOfOne);
  return { ...parent, count, isRepeated: true, work: targets * COUNTING };
}

/** @param ofOne size of the longest list of a single resource. Default: all */
function ofMembers(name: SizeName, ofOne = name): (source: FieldSource) => Yield {
  return ({ parent }) => ({ ...parent, count: lengthOf(parent, parent.sizes[name], parent.sizes[ofOne]) });
}

/** A target of several resources occurs in each of them. */
function ofTargets({ parent }: FieldSource): Yield {
  const { memberships, extraMemberships, targetsOfOne } = parent.sizes;
  const count = lengthOf(parent, memberships, targetsOfOne);
  return { ...parent, count, isRepeated: parent.isRepeated === true || extraMemberships > 0 };
}

function ofNames({ parent }: FieldSource): Yield {
  return { ...parent, count: lengthOf(parent, parent.sizes.memberships) };
}

/** Lines of each parent, but no more than were logged if each parent occurs once. */
function ofLog({ store, args: { last }, parent }: FieldSource): Yield {
  const max = parent.count * countLast(last);
  const count = parent.isRepeated ? max : Math.min(max, countLogged(store));
  return { ...parent, count, work: parent.count * LOOKUP };
}

/** Number of lines of a tail. An invalid number is an error, and nothing is executed. */
function countLast(last: unknown): number {
  return typeof last === 'number' ? Math.min(Math.max(last, 0), MAX_LOG_LINES) : LOG_LINES;
}

function countLogged(store: ReadableStore): number {
  return store.ids().reduce((sum, id) => sum + (store.log(id)?.position ?? 0), 0);
}

function ofExcerpt({ parent }: FieldSource): Yield {
  return { ...parent, count: lengthOf(parent, parent.sizes.excerptLines, MAX_EXCERPT_LINES) };
}

function ofTail(): Yield {
  return { count: 1, sizes: { ...NO_SIZES, logLines: MAX_LOG_LINES } };
}

/**
 * Returns the maximum length of the objects' lists: the total if each object occurs once. Otherwise each may
 * be the object with the longest list, of the total or of the maximum of one list.
 */
function lengthOf({ count, isRepeated }: Population, total: number, max = total): number {
  const longest = count * Math.min(total, max);
  return isRepeated ? longest : Math.min(total, longest);
}
