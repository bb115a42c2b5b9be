import {
  buildSchema,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  type InlineFragmentNode,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  parse,
  type SelectionSetNode,
} from 'graphql';

/** The fields that a document selects, by the name they have in the answer. */
export type Selection = ReadonlyMap<string, SelectedField>;

/** A field of a {@link Selection}. */
export interface SelectedField {
  /** Whether the answer has a list there. */
  readonly isList: boolean;
  /** What is selected of each item; empty for a scalar. */
  readonly fields: Selection;
}

/**
 * The selection of a document with one operation, whose types are those of a schema. A field that the schema does not know
 * counts as no list.
 */
export function selectionOf(document: string, typeDefs: string): Selection {
  const { definitions } = parse(document);
  const schema = buildSchema(typeDefs);
  const fragments = new Map(
    definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  const operation = definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) return new Map();
  return fieldsOf(operation.selectionSet, schema.getRootType(operation.operation), { schema, fragments });
}

interface Context {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

type Parent = GraphQLNamedType | null | undefined;
type Entry = readonly [name: string, field: SelectedField];

function fieldsOf({ selections }: SelectionSetNode, parent: Parent, context: Context): Selection {
  const fields = new Map<string, SelectedField>();
  const entries = selections.flatMap((node) =>
    node.kind === Kind.FIELD ? [entryOf(node, parent, context)] : entriesOfFragment(node, parent, context),
  );
  for (const [name, field] of entries) {
    const inner = [...(fields.get(name)?.fields ?? []), ...field.fields];
    fields.set(name, { ...field, fields: new Map(inner) });
  }
  return fields;
}

function entryOf({ name, alias, selectionSet }: FieldNode, parent: Parent, context: Context): Entry {
  const hasFields = isObjectType(parent) || isInterfaceType(parent);
  const type = hasFields ? parent.getFields()[name.value]?.type : undefined;
  const fields = selectionSet ? fieldsOf(selectionSet, type && getNamedType(type), context) : new Map();
  return [(alias ?? name).value, { isList: type !== undefined && isListType(getNullableType(type)), fields }];
}

function entriesOfFragment(
  node: FragmentSpreadNode | InlineFragmentNode,
  parent: Parent,
  context: Context,
): Entry[] {
  const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : context.fragments.get(node.name.value);
  if (fragment === undefined) return [];
  const on = fragment.typeCondition?.name.value;
  const type = on === undefined ? parent : context.schema.getType(on);
  return [...fieldsOf(fragment.selectionSet, type, context)];
}
