import {
  defaultFieldResolver,
  type ExecutionArgs,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  isAbstractType,
  isEnumType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  TypeNameMetaFieldDef,
} from 'graphql';
import { collectFields, type SelectionScope } from './collect-fields.js';
import type { Context } from './context.js';
import { TooLongError } from './write-json.js';

/**
 * Executes an operation on a root value and returns its response as JSON. Returns null if it has to be
 * executed by graphql-js: when there is an error, a resolver that returns a promise, or a response of more
 * than `maxLength` characters.
 */
export type CompiledOperation = (rootValue: unknown, context: Context, maxLength: number) => string | null;

/**
 * Compiles an operation that is executed many times, with its variables. graphql-js collects the fields,
 * coerces the arguments and creates a result of objects each time. For one changed target that took 0.11 ms
 * when its code had left the processor's cache, 20 ms after the last update.
 *
 * Resolvers are called as graphql-js calls them, except that `info` has no root value, which changes with
 * each execution, and no indices of lists in its path. A selection is compiled when its first object is
 * written, so compiling costs no more than an execution.
 */
export function compileOperation(args: ExecutionArgs): CompiledOperation {
  let write: Writer | null = null;
  let isPossible = true;
  const text: TextLimit = { left: 0 };
  return (rootValue, context, maxLength) => {
    if (!isPossible) return null;
    text.left = maxLength;
    try {
      write ??= createRootWriter(args, text);
      const json = `{"data":${write(rootValue, context)}}`;
      return json.length <= maxLength ? json : null;
    } catch (error) {
      // Tried again at the next update: a long snapshot is usually followed by short changes. Each attempt
      // ends at the limit, which is much less work than graphql-js has with the whole response.
      if (error instanceof TooLongError) return null;
      // An operation that failed once may fail at each update, and would be executed twice each time.
      isPossible = false;
      return null;
    }
  };
}

/** Writes the JSON of a value. Throws if graphql-js would report an error. */
type Writer = (value: unknown, context: Context) => string;

/**
 * Remaining length of an execution's texts, in characters. Only texts are counted, since few fields can have
 * many of them: 49 aliases of 190 long errors were written as one string of 75 MB.
 */
interface TextLimit {
  left: number;
}

/** The parts of an operation that do not change between executions. */
interface Operation extends SelectionScope, Pick<GraphQLResolveInfo, 'operation'> {
  readonly text: TextLimit;
}

/** A field of an operation. */
type FieldInfo = GraphQLResolveInfo & Operation;

function createRootWriter(
  { schema, document, operationName, variableValues }: ExecutionArgs,
  text: TextLimit,
): Writer {
  const operation = getOperationAST(document, operationName);
  const type = operation && schema.getRootType(operation.operation);
  if (!type) throw new Error('Expected an operation.');
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], { ...variableValues });
  if (!coerced) throw new Error('Expected valid variables.');
  const parts = { schema, fragments, operation, variableValues: coerced, text };
  return createObjectWriter(parts, type, [operation.selectionSet]);
}

function createObjectWriter(
  operation: Operation,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): Writer {
  let fields: readonly FieldWriter[] | null = null;
  return (value, context) => {
    fields ??= createFieldWriters(operation, type, sets);
    let json = '{';
    for (const { key, write } of fields) json += key + write(value, context);
    return `${json}}`;
  };
}

interface FieldWriter {
  /** The name as JSON, with the separator from the previous field. */
  readonly key: string;
  /** Writes the field of an object. */
  readonly write: Writer;
}

function createFieldWriters(
  operation: Operation,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): FieldWriter[] {
  // No type of the schema has `isTypeOf`, which graphql-js would call for each object.
  if (type.isTypeOf) throw new Error('Expected a type without isTypeOf.');
  return [...collectFields(operation, type, sets)].map(([name, nodes], index) => ({
    key: `${index === 0 ? '' : ','}${JSON.stringify(name)}:`,
    write: createFieldWriter(operation, type, name, nodes),
  }));
}

function createFieldWriter(
  operation: Operation,
  parentType: GraphQLObjectType,
  responseName: string,
  fieldNodes: readonly FieldNode[],
): Writer {
  const [node] = fieldNodes;
  if (node?.name.value === TypeNameMetaFieldDef.name) return () => JSON.stringify(parentType.name);
  const field = node && parentType.getFields()[node.name.value];
  if (!field) throw new Error('Expected a field of the type.');
  const path = { prev: undefined, key: responseName, typename: parentType.name };
  const info: FieldInfo = {
    ...operation,
    ...{ fieldName: field.name, fieldNodes, returnType: field.type, parentType, path },
    rootValue: undefined,
  };
  const args = getArgumentValues(field, node, operation.variableValues);
  const resolve = field.resolve ?? defaultFieldResolver;
  const write = createWriter(info, field.type);
  return (value, context) => write(resolve(value, args, context, info), context);
}

function createWriter(info: FieldInfo, type: GraphQLOutputType): Writer {
  if (isNonNullType(type)) {
    const write = createWriter(info, type.ofType);
    return (value, context) => (isPresent(value) ? write(value, context) : fail());
  }
  const write = createPresentWriter(info, type);
  return (value, context) => (isPresent(value) ? write(value, context) : 'null');
}

function createPresentWriter(info: FieldInfo, type: GraphQLOutputType): Writer {
  if (isListType(type)) return createListWriter(createWriter(info, type.ofType));
  if (isLeafType(type)) return createLeafWriter(type, info.text);
  const sets = info.fieldNodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  if (isObjectType(type)) return createObjectWriter(info, type, sets);
  const { resolveType } = isAbstractType(type) ? type : {};
  const writers = new Map<unknown, Writer>();
  return (value, context) => {
    const name = isAbstractType(type) ? resolveType?.(value, context, info, type) : null;
    let write = writers.get(name);
    if (!write) {
      const possible = isAbstractType(type) ? info.schema.getPossibleTypes(type) : [];
      const actual = possible.find((candidate) => candidate.name === name) ?? fail();
      write = createObjectWriter(info, actual, sets);
      writers.set(name, write);
    }
    return write(value, context);
  };
}

function createListWriter(write: Writer): Writer {
  return (value, context) => {
    if (!Array.isArray(value)) return fail();
    let json = '[';
    for (let index = 0; index < value.length; index += 1)
      json += (index === 0 ? '' : ',') + write(value[index], context);
    return `${json}]`;
  };
}

function createLeafWriter(type: GraphQLLeafType, text: TextLimit): Writer {
  // Names of enum values have no characters that are escaped.
  if (isEnumType(type)) return (value) => `"${type.serialize(value)}"`;
  return (value) => {
    const leaf = type.serialize(value);
    if (typeof leaf === 'string') {
      text.left -= leaf.length;
      if (text.left < 0) throw new TooLongError();
    }
    return isPresent(leaf) ? (JSON.stringify(leaf) ?? fail()) : fail();
  };
}

/** Whether there is a value. Fails for an error or a promise in its place. */
function isPresent(value: unknown): boolean {
  if (typeof value === 'object' && (value instanceof Error || value instanceof Promise)) return fail();
  return value !== undefined && value !== null;
}

function fail(): never {
  throw new Error('Expected an operation without errors and promises.');
}
