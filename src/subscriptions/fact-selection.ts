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

/** The facts that an operation shows. Changes of other facts are no payload for its readers (S6). */
export interface FactSelection {
  /**
   * Whether it shows nothing of Sessions but facts and `isDemo`: changes of targets alone do not concern it.
   */
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
  /** Targets whose excerpts are shown: those of a Session, changed ones, and their blockers. */
  readonly excerpts: { readonly session: boolean; readonly changes: boolean; readonly blockers: boolean };
}

/** Fields of `Resource` that do not come from facts. */
const OWN_FIELDS = new Set(['name', 'targets', 'counts', '__typename']);

/** Fields of `Session` that are facts, never change, or depend on the annotations. */
const FACT_FIELDS = new Set(['id', 'instance', 'isDemo', 'cluster', 'resources', '__typename']);

/** Fields of a target that never change. */
const CONSTANT_FIELDS = new Set(['id', 'name', 'resources', '__typename']);

/** Finds the facts that an operation shows, with its variables. */
export function findFactSelection({
  schema,
  operation,
  fragments,
  variableValues,
}: Operation): FactSelection {
  const shown = { cluster: false, verdict: false, isFactsOnly: true };
  const resources = new Set<string>();
  let depth = 0;
  let sessionDepth = 0;
  let blockers: FactSelection['blockers'] = 'none';
  const excerpts = { session: false, changes: false, blockers: false };
  const root = schema.getRootType(operation.operation);
  // A fragment is visited once for each depth: a document may spread it exponentially often.
  const visited = new Set<string>();
  if (root) visit(root, operation.selectionSet);
  return { ...shown, resources, blockers, excerpts };

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
    const key = `${fragment?.name.value} ${Math.min(depth, 2)} ${Math.min(sessionDepth, 1)}`;
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
    if (parent.name === 'TargetStateTerminated' && name === 'excerpt') showExcerpt();
    if (!selectionSet || !isCompositeType(type)) return;
    const isSession = type.name === 'Session';
    if (isBlocker) depth += 1;
    if (isSession) sessionDepth += 1;
    visit(type, selectionSet);
    if (isBlocker) depth -= 1;
    if (isSession) sessionDepth -= 1;
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

const BLOCKERS: readonly FactSelection['blockers'][] = ['none', 'names', 'states', 'chains'];
