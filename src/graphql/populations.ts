import { HISTORY_LIMIT } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import { MAX_EXCERPT_LINES } from './count-sizes.js';
import { COUNTING, type FieldSource, LOOKUP, type Yield } from './field-yield.js';
import { countListed } from './introspection-sizes.js';
import { MAX_LOG_LINES } from './log-lines.js';
import { ROOT_RULES } from './root-populations.js';
import { NO_SIZES, type SizeName, type Sizes } from './sizes.js';

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
  ...ROOT_RULES,
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
  const max = count * countLast(last);
  const isEachOnce = count <= Math.max(sizes.targets, sizes.resources);
  return { count: isEachOnce ? Math.min(max, countLogged(store)) : max, sizes, work: count * LOOKUP };
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
  const max = count * Math.min(excerptLines, MAX_EXCERPT_LINES);
  return { count: count <= targets ? excerptLines : max, sizes };
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
