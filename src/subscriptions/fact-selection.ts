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
import { isIncluded } from '../graphql/cost.js';

const VERDICT_LISTS = ['waiting', 'notReady', 'retrying', 'failed', 'untriggered'] as const;

/** Lists of targets in a Session: all of them, and those of its verdict. */
export type TargetList = 'all' | (typeof VERDICT_LISTS)[number];

/**
 * How much is shown of the targets in a list:
 *
 * - `names`: names, or other fields that hardly change.
 * - `phases`: also their phases, or numbers of them.
 * - `states`: also fields that change within a phase.
 */
export type TargetDetail = 'names' | 'phases' | 'states';

/**
 * What an operation shows of Sessions: facts, and what follows from targets. Other changes of these are no
 * payload for its readers (S6).
 */
export interface FactSelection {
  /**
   * Whether it shows nothing of Sessions but facts and `isDemo`: changes of targets alone do not concern it.
   */
  readonly isFactsOnly: boolean;
  readonly cluster: boolean;
  readonly verdict: { readonly state: boolean; readonly reason: boolean };
  /** Whether it shows the numbers of a Session's targets by phase. */
  readonly counts: boolean;
  /** The lists of targets that it shows of a Session. Those of its resources belong to `all`. */
  readonly targets: ReadonlyMap<TargetList, TargetDetail>;
  /** Whether it shows all targets, or those of a resource, in the order of the Session. */
  readonly targetOrder: boolean;
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
  /** Targets whose excerpts are shown: those of a Session, changed ones, and their blockers. */
  readonly excerpts: { readonly session: boolean; readonly changes: boolean; readonly blockers: boolean };
}

/** Fields of `Resource` that do not come from facts. */
const OWN_FIELDS = new Set(['name', 'targets', 'counts', '__typename']);

/** Fields of `Session` that are facts, never change, or depend on the annotations. */
const FACT_FIELDS = new Set(['id', 'instance', 'isDemo', 'cluster', 'resources', '__typename']);

/** Fields of a target that never change. */
const CONSTANT_FIELDS = new Set(['id', 'name', 'resources', '__typename']);

/** Finds what an operation shows of Sessions, with its variables. */
export function findFactSelection({
  schema,
  operation,
  fragments,
  variableValues,
}: Operation): FactSelection {
  const shown = { cluster: false, counts: false, isFactsOnly: true, targetOrder: false };
  const verdict = { state: false, reason: false };
  const targets = new Map<TargetList, TargetDetail>();
  /** The list of a Session that the visited target is in. */
  let list: TargetList | null = null;
  const resources = new Set<string>();
  let depth = 0;
  let sessionDepth = 0;
  let blockers: FactSelection['blockers'] = 'none';
  const excerpts = { session: false, changes: false, blockers: false };
  const root = schema.getRootType(operation.operation);
  // A fragment is visited once for each depth: a document may spread it exponentially often.
  const visited = new Set<string>();
  if (root) visit(root, operation.selectionSet);
  return { ...shown, verdict, targets, resources, blockers, excerpts };

  function visit(parent: GraphQLCompositeType, { selections }: SelectionSetNode): void {
    for (const selection of selections) {
      if (!isIncluded(selection, variableValues)) continue;
      if (selection.kind === Kind.FIELD) visitField(parent, selection.name.value, selection.selectionSet);
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        visit(typeNamed(selection.typeCondition?.name.value) ?? parent, selection.selectionSet);
      } else visitFragment(fragments[selection.name.value]);
    }
  }

  function visitFragment(fragment: FragmentDefinitionNode | undefined): void {
    const key = `${fragment?.name.value} ${Math.min(depth, 2)} ${Math.min(sessionDepth, 1)} ${list}`;
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
    if (parent.name === 'Session' && name === 'counts') shown.counts = true;
    if (ORDERED_TARGETS.has(`${parent.name}.${name}`)) shown.targetOrder = true;
    if (parent.name === 'Verdict' && (name === 'state' || name === 'reason')) verdict[name] = true;
    if (parent.name === 'Resource' && !OWN_FIELDS.has(name)) resources.add(name);
    const type = isUnionType(parent) ? undefined : getNamedType(parent.getFields()[name]?.type);
    if (parent.name === 'TargetStateTerminated' && name === 'excerpt') showExcerpt();
    if (list !== null && parent.name === 'Target') showTargets(list, detailOf(name));
    const inner = listOf(parent.name, name);
    if (inner !== null) showTargets(inner, name === 'counts' ? 'phases' : 'names');
    if (!selectionSet || !isCompositeType(type)) return;
    const isSession = type.name === 'Session';
    const outer = list;
    list = inner ?? outer;
    if (isBlocker) depth += 1;
    if (isSession) sessionDepth += 1;
    visit(type, selectionSet);
    if (isBlocker) depth -= 1;
    if (isSession) sessionDepth -= 1;
    list = outer;
  }

  function showTargets(which: TargetList, detail: TargetDetail): void {
    const known = targets.get(which);
    if (known === undefined || DETAILS.indexOf(detail) > DETAILS.indexOf(known)) targets.set(which, detail);
  }

  function showExcerpt(): void {
    if (sessionDepth > 0) excerpts.session = true;
    else if (depth > 0) excerpts.blockers = true;
    else excerpts.changes = true;
  }

  function show(what: FactSelection['blockers']): void {
    if (BLOCKERS.indexOf(what) > BLOCKERS.indexOf(blockers)) blockers = what;
  }

  function typeNamed(name: string | undefined): GraphQLCompositeType | undefined {
    const type = name === undefined ? undefined : schema.getType(name);
    return isCompositeType(type) ? type : undefined;
  }
}

type Operation = Pick<GraphQLResolveInfo, 'schema' | 'operation' | 'fragments' | 'variableValues'>;

/** Returns the list that a field shows. Resources follow from all targets. */
function listOf(parent: string, field: string): TargetList | null {
  if (parent === 'Verdict') return VERDICT_LISTS.find((list) => list === field) ?? null;
  return ALL_TARGETS.has(`${parent}.${field}`) ? 'all' : null;
}

const ALL_TARGETS = new Set([
  'SessionStatus.targets',
  'Session.resources',
  'Resource.targets',
  'Resource.counts',
]);

/** Those of them that list targets. Resources are sorted by name. */
const ORDERED_TARGETS = new Set(['SessionStatus.targets', 'Resource.targets']);

/** Returns how much a field shows of a target. New lines of a log are no update. */
function detailOf(field: string): TargetDetail {
  if (field === 'phase') return 'phases';
  return NAME_FIELDS.has(field) ? 'names' : 'states';
}

const NAME_FIELDS = new Set([...CONSTANT_FIELDS, 'type', 'typeText', 'log']);

const DETAILS: readonly TargetDetail[] = ['names', 'phases', 'states'];

const BLOCKERS: readonly FactSelection['blockers'][] = ['none', 'names', 'states', 'chains'];
