import {
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLResolveInfo,
  getNamedType,
  isCompositeType,
  isUnionType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import type { ResourceFacts } from '../model/facts.js';
import { sameJson } from '../model/same-json.js';
import {
  explanationOfRecord,
  type SessionRecord,
  type TrackedTarget,
  verdictOfRecord,
} from '../store/record.js';

/** The facts that an operation shows. Changes of other facts are no payload for its readers (S6). */
export interface FactSelection {
  /** Whether it shows nothing of Sessions but facts: changes of targets alone do not concern it. */
  readonly isFactsOnly: boolean;
  readonly cluster: boolean;
  readonly verdict: boolean;
  /** Selected fields of resources that come from facts. */
  readonly resources: ReadonlySet<string>;
  /**
   * How much is shown of the targets that block others:
   *
   * - `names`: names, or other fields that do not change.
   * - `states`: also fields that change with these targets.
   * - `chains`: also what blocks them.
   */
  readonly blockers: 'none' | 'names' | 'states' | 'chains';
}

/** Fields of `Resource` that do not come from facts. */
const OWN_FIELDS = new Set(['name', 'targets', 'counts', '__typename']);

/** Fields of `Session` that are facts, or never change. */
const FACT_FIELDS = new Set(['id', 'instance', 'isDemo', 'cluster', 'resources', '__typename']);

/** Fields of a target that never change. */
const CONSTANT_FIELDS = new Set(['id', 'name', 'resources', '__typename']);

/** Finds the facts that an operation shows. Fields behind `@skip` and `@include` count as shown. */
export function findFactSelection({ schema, operation, fragments }: Operation): FactSelection {
  const shown = { cluster: false, verdict: false, isFactsOnly: true };
  const resources = new Set<string>();
  let depth = 0;
  let blockers: FactSelection['blockers'] = 'none';
  const root = schema.getRootType(operation.operation);
  // A fragment is visited once per depth of blockers: a document may spread it exponentially often.
  const visited = new Set<string>();
  if (root) visit(root, operation.selectionSet);
  return { ...shown, resources, blockers };

  function visit(parent: GraphQLCompositeType, { selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) visitField(parent, selection.name.value, selection.selectionSet);
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        visit(typeNamed(selection.typeCondition?.name.value) ?? parent, selection.selectionSet);
      } else visitFragment(fragments[selection.name.value]);
    }
  }

  function visitFragment(fragment: FragmentDefinitionNode | undefined): void {
    const key = `${fragment?.name.value} ${Math.min(depth, 2)}`;
    if (!fragment || visited.has(key)) return;
    visited.add(key);
    const type = typeNamed(fragment.typeCondition.name.value);
    if (type) visit(type, fragment.selectionSet);
  }

  function visitField(
    parent: GraphQLCompositeType,
    name: string,
    selectionSet: SelectionSetNode | undefined,
  ): void {
    const isBlocker = parent.name === 'Target' && (name === 'blockedBy' || name === 'rootCause');
    if (isBlocker) show(depth > 0 ? 'chains' : 'names');
    else if (depth > 0 && parent.name === 'Target' && !CONSTANT_FIELDS.has(name)) show('states');
    if (parent.name === 'Session' && !FACT_FIELDS.has(name)) shown.isFactsOnly = false;
    if (parent.name === 'Resource' && (name === 'targets' || name === 'counts')) shown.isFactsOnly = false;
    if (parent.name === 'Session' && name === 'cluster') shown.cluster = true;
    if (parent.name === 'Session' && name === 'verdict') shown.verdict = true;
    if (parent.name === 'Resource' && !OWN_FIELDS.has(name)) resources.add(name);
    const type = isUnionType(parent) ? undefined : getNamedType(parent.getFields()[name]?.type);
    if (!selectionSet || !isCompositeType(type)) return;
    if (isBlocker) depth += 1;
    visit(type, selectionSet);
    if (isBlocker) depth -= 1;
  }

  function show(what: FactSelection['blockers']): void {
    if (BLOCKERS.indexOf(what) > BLOCKERS.indexOf(blockers)) blockers = what;
  }

  function typeNamed(name: string | undefined): GraphQLCompositeType | undefined {
    const type = name === undefined ? undefined : schema.getType(name);
    return isCompositeType(type) ? type : undefined;
  }
}

type Operation = Pick<GraphQLResolveInfo, 'schema' | 'operation' | 'fragments'>;

const BLOCKERS: readonly FactSelection['blockers'][] = ['none', 'names', 'states', 'chains'];

/** Whether a change of facts alone changes what is shown of the Session itself. */
export function haveShownFactsChanged(
  { cluster, verdict, resources }: FactSelection,
  before: SessionRecord,
  after: SessionRecord,
): boolean {
  const [was, is] = [before.facts, after.facts];
  if (was === is) return false;
  return (
    (cluster && !sameJson(was?.cluster ?? null, is?.cluster ?? null)) ||
    (verdict && !isSameVerdict(before, after)) ||
    (resources.has('tiltUrl') && (was?.webUrl ?? null) !== (is?.webUrl ?? null)) ||
    (resources.size > 0 && haveResourcesChanged(was?.resources ?? null, is?.resources ?? null, resources))
  );
}

function isSameVerdict(before: SessionRecord, after: SessionRecord): boolean {
  const [a, b] = [verdictOfRecord(before), verdictOfRecord(after)];
  // Its lists change only with targets, and those are changes of their own.
  return a.state === b.state && a.reason === b.reason;
}

type Resources = readonly ResourceFacts[] | null;

function haveResourcesChanged(before: Resources, after: Resources, fields: ReadonlySet<string>): boolean {
  if (before === after) return false;
  if (before === null || after === null || before.length !== after.length) return true;
  return after.some((resource, index) => {
    const last = before[index];
    return last !== resource && (last?.name !== resource.name || haveFieldsChanged(last, resource, fields));
  });
}

function haveFieldsChanged(
  before: ResourceFacts,
  after: ResourceFacts,
  fields: ReadonlySet<string>,
): boolean {
  const shown: Readonly<Record<string, readonly [unknown, unknown]>> = {
    labels: [before.labels, after.labels],
    links: [before.links, after.links],
    kind: [before.kind, after.kind],
    triggerMode: [before.triggerMode, after.triggerMode],
    hasPendingChanges: [before.hasPendingChanges, after.hasPendingChanges],
    queued: [before.queued, after.queued],
    conditions: [before.conditions, after.conditions],
    waitingOn: [before.waitingOn, after.waitingOn],
    order: [before.order, after.order],
  };
  return [...fields].some((field) => {
    const pair = shown[field];
    return pair !== undefined && !sameJson(...pair);
  });
}

/** Whether what is shown of the blockers of an unchanged target differs between two states of its Session. */
export function haveShownBlockersChanged(
  { blockers }: FactSelection,
  target: TrackedTarget,
  before: SessionRecord,
  after: SessionRecord,
): boolean {
  if (blockers === 'none') return false;
  const [was, is] = [explanationOfRecord(before), explanationOfRecord(after)];
  const isSame = blockers === 'names' ? hasSameKey : isIdentical;
  const lists = (explanation: typeof was) =>
    blockers === 'chains'
      ? [explanation.blockedBy(target), explanation.chain(target), explanation.reachable(target)]
      : [explanation.blockedBy(target), [explanation.rootCause(target)].filter((root) => root !== null)];
  const later = lists(is);
  return lists(was).some((list, index) => !areSame(list, later[index] ?? [], isSame));
}

function areSame<T>(a: readonly T[], b: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return (
    a === b ||
    (a.length === b.length &&
      a.every((item, index) => {
        const other = b[index];
        return other !== undefined && isSame(item, other);
      }))
  );
}

function hasSameKey(a: TrackedTarget, b: TrackedTarget): boolean {
  return a.key === b.key;
}

function isIdentical(a: TrackedTarget, b: TrackedTarget): boolean {
  return a === b;
}
