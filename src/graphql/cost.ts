import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLNamedType,
  GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getArgumentValues,
  getDirectiveValues,
  getNamedType,
  getNullableType,
  getOperationAST,
  getVariableValues,
  isAbstractType,
  isCompositeType,
  isListType,
  Kind,
  SchemaMetaFieldDef,
  type SelectionNode,
  type SelectionSetNode,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
} from 'graphql';
import type { ReadableStore } from '../store/scoped.js';
import type { Population, Yield } from './field-yield.js';
import { introspectionSizesOf } from './introspection-sizes.js';
import { yieldOf } from './populations.js';
import { NO_SIZES, type Sizes } from './sizes.js';

/** An operation, and the data that it is executed on. */
export interface CostOptions {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly store: ReadableStore;
  /** Size of the event of a subscription, if it is known. Default: the maximum at this moment. */
  readonly event?: Population;
}

/**
 * Computes the cost of an operation: the number of fields in its answer, with the current lengths of lists in
 * the store, plus the work of filters and counts. A fragment counts wherever it is spread. The computation is
 * proportional to the document: a fragment is visited once for each population that it is spread on.
 *
 * Returns null if nothing is executed: the operation does not exist, or its variables are invalid. Throws a
 * RangeError for a document that is nested too deeply, and an Error for a list of unknown length.
 */
export function costOf(options: CostOptions): number | null {
  const { schema, document, operationName, variables } = options;
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!root) return null;
  const { coerced } = getVariableValues(
    schema,
    operation.variableDefinitions ?? [],
    { ...variables },
    MAX_ERRORS,
  );
  return coerced ? createCounter(options, coerced)(operation.selectionSet, root, ONE) : null;
}

const MAX_ERRORS = { maxErrors: 50 };

/**
 * A document of 3,000 tokens has at most 1,500 selections; each may be visited for some kinds of objects.
 * About 20 ms.
 */
const MAX_VISITS = 50_000;

const ONE: Population = { count: 1, sizes: NO_SIZES };

/** Counts the fields of a selection on a population of objects, all of one type. */
type Counter = (set: SelectionSetNode, type: GraphQLObjectType, parent: Population) => number;

function createCounter(
  { schema, document, store, event }: CostOptions,
  variables: Record<string, unknown>,
): Counter {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const known = new Map<SelectionSetNode, Map<string, number>>();
  const ids = new Map<string, number>();
  const introspection = introspectionSizesOf(schema);
  let visits = 0;
  return countSet;

  function countSet(set: SelectionSetNode, type: GraphQLObjectType, parent: Population): number {
    const costs = known.get(set) ?? new Map<string, number>();
    known.set(set, costs);
    const key = `${type.name} ${parent.count} ${idOf(parent.sizes)} ${parent.isRepeated ?? false}`;
    const counted = costs.get(key);
    if (counted !== undefined) return counted;
    visits += set.selections.length;
    if (visits > MAX_VISITS) throw new Error('The document spreads its fragments in too many places.');
    const cost = set.selections.reduce((sum, node) => sum + count(node, type, parent), 0);
    costs.set(key, cost);
    return cost;
  }

  function count(node: SelectionNode, type: GraphQLObjectType, parent: Population): number {
    if (!isIncluded(node, variables)) return 0;
    if (node.kind === Kind.FIELD) return countField(node, type, parent);
    const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : fragments.get(node.name.value);
    if (!fragment || !applies(schema, fragment.typeCondition?.name.value, type)) return 0;
    // A spread is visited once for each object type, not for each object, so it counts as one.
    return 1 + countSet(fragment.selectionSet, type, parent);
  }

  function countField(node: FieldNode, type: GraphQLObjectType, parent: Population): number {
    const field = findField(schema, type, node.name.value);
    if (!field || parent.count === 0) return 1;
    const args = orNull(() => getArgumentValues(field, node, variables));
    // The field fails, and nothing beneath it is executed.
    if (args === null) return parent.count;
    const isList = isListType(getNullableType(field.type));
    const isRoot = type === schema.getSubscriptionType();
    const source = { store, args, parent, introspection };
    const result: Yield | null =
      isRoot && event ? event : yieldOf(`${type.name}.${field.name}`, isList, source);
    if (result === null) throw new Error(`The length of ${type.name}.${field.name} is not known.`);
    // The work is that of this field alone.
    const { work = 0, ...items } = result;
    const own = parent.count + work;
    const item = getNamedType(field.type);
    // The items of a list of texts or numbers are completed one by one, too.
    if (!node.selectionSet || !isCompositeType(item)) return own + (isList ? items.count : 0);
    return own + countItems(node.selectionSet, item, items);
  }

  /** For an abstract type the maximum over the possible types. */
  function countItems(set: SelectionSetNode, type: GraphQLNamedType, items: Population): number {
    if (type instanceof GraphQLObjectType) return countSet(set, type, items);
    if (!isAbstractType(type)) return 0;
    return Math.max(...schema.getPossibleTypes(type).map((possible) => countSet(set, possible, items)));
  }

  /** Returns an id that is the same for equal sizes, so that a selection is counted once for all of them. */
  function idOf(sizes: Sizes): number {
    const text = Object.values(sizes).join();
    const id = ids.get(text) ?? ids.size;
    ids.set(text, id);
    return id;
  }
}

/** Whether a fragment with this type condition applies to objects of a type. */
export function applies(
  schema: GraphQLSchema,
  condition: string | undefined,
  type: GraphQLObjectType,
): boolean {
  if (condition === undefined || condition === type.name) return true;
  const wanted = schema.getType(condition);
  return isAbstractType(wanted) && schema.isSubType(wanted, type);
}

/** Whether `@include` and `@skip` leave a selection in the answer. */
export function isIncluded(
  { directives }: SelectionNode,
  variables: Readonly<Record<string, unknown>>,
): boolean {
  if (!directives?.length) return true;
  const [include, skip] = [GraphQLIncludeDirective, GraphQLSkipDirective].map((directive) =>
    orNull(() => getDirectiveValues(directive, { directives }, { ...variables })),
  );
  return include?.if !== false && skip?.if !== true;
}

function findField(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (name === TypeNameMetaFieldDef.name) return TypeNameMetaFieldDef;
  if (type === schema.getQueryType() && name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (type === schema.getQueryType() && name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  return type.getFields()[name];
}

/** Returns null instead of the errors that the executor reports. */
function orNull<T>(compute: () => T): T | null {
  try {
    return compute();
  } catch (error) {
    if (error instanceof GraphQLError) return null;
    throw error;
  }
}
