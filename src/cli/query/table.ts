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
import { isRecord } from '../../lib/is-record.js';
import { alignColumns, terminalText } from '../text.js';

/** Options of {@link toTables}. */
export interface TableOptions {
  /** Selection of the document: gives the columns of an empty list. Default: an empty list has no table. */
  readonly selection?: Selection;
  /** Maximum width of a line. Default: unlimited. */
  readonly maxWidth?: number | undefined;
}

/**
 * Formats an answer as tables, one per field: a row for each item of the first list of objects, or a single
 * row when there is no list. The columns are the scalar fields; fields of nested objects are named `a.b`,
 * and a list is one cell. An empty list gives a header without rows.
 */
export function toTables(
  data: Readonly<Record<string, unknown>>,
  { selection, maxWidth }: TableOptions = {},
): string {
  const tables = Object.entries(data).map(([field, value]) => {
    const table = toTable(field, value, selection?.get(field));
    // The cause of an error is at its end.
    const keptPart = (column: number) => (ERROR_COLUMN.test(table[0]?.[column] ?? '') ? 'ends' : 'start');
    return alignColumns(table, maxWidth, keptPart);
  });
  return tables.flatMap((lines) => (lines.length === 0 ? [] : [`${lines.join('\n')}\n`])).join('\n');
}

const ERROR_COLUMN = /(^|\.)(error|reason|summary)$/;

/** Header and rows. Empty when no column is known. */
function toTable(field: string, value: unknown, selected: SelectedField | undefined): string[][] {
  const rows = findItems(value, selected).map((item) =>
    isRecord(item) ? toCells(item) : new Map([[field, toCell(item)]]),
  );
  const columns = rows.length > 0 ? withoutNulls(rows) : selectedColumns(field, selected);
  if (columns.length === 0) return [];
  return [columns, ...rows.map((row) => columns.map((column) => row.get(column) ?? ''))];
}

/** Columns of the rows. A null object has no column of its own if another row has its fields. */
function withoutNulls(rows: readonly ReadonlyMap<string, string>[]): string[] {
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const inPlace = columns.flatMap((column) => {
    const fields = columns.filter((other) => other.startsWith(`${column}.`));
    const isNull = fields.length > 0 && rows.every((row) => (row.get(column) ?? '') === '');
    return isNull ? fields : [column];
  });
  return [...new Set(inPlace)];
}

function findItems(value: unknown, selected: SelectedField | undefined): readonly unknown[] {
  const list = findList(value);
  if (list) return list;
  if (value === null || (selected && selectedList(selected))) return [];
  return Array.isArray(value) ? value : [value];
}

function selectedColumns(field: string, selected: SelectedField | undefined): string[] {
  if (selected === undefined) return [];
  const { fields } = selectedList(selected) ?? selected;
  return fields.size === 0 ? [field] : columnsOf(fields);
}

function columnsOf(fields: Selection, prefix = ''): string[] {
  return [...fields].flatMap(([name, { isList, fields: inner }]) =>
    isList || inner.size === 0 ? [`${prefix}${name}`] : columnsOf(inner, `${prefix}${name}.`),
  );
}

/** The least nested list of objects in the selection. */
function selectedList(selected: SelectedField): SelectedField | null {
  let level: readonly SelectedField[] = [selected];
  while (level.length > 0) {
    const list = level.find(({ isList, fields }) => isList && fields.size > 0);
    if (list) return list;
    level = level.flatMap(({ fields }) => [...fields.values()]);
  }
  return null;
}

/** The least nested list of objects. */
function findList(value: unknown): readonly unknown[] | null {
  let level: readonly unknown[] = [value];
  while (level.length > 0) {
    const list = level.find(isRecordList);
    if (list) return list;
    level = level.flatMap((item) => (isRecord(item) ? Object.values(item) : []));
  }
  return null;
}

function toCells(item: object, prefix = ''): Map<string, string> {
  const cells = new Map<string, string>();
  for (const [key, value] of Object.entries(item)) {
    const name = `${prefix}${key}`;
    if (!isRecord(value)) cells.set(name, toCell(value));
    else for (const [inner, text] of toCells(value, `${name}.`)) cells.set(inner, text);
  }
  return cells;
}

function toCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value))
    return value.map((item) => toCell(isRecord(item) ? unwrapSingle(item) : item)).join(', ');
  return terminalText(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** Value of an object with a single scalar, such as `{ name: "api" }`; JSON of any other object. */
function unwrapSingle(item: object): unknown {
  const values = Object.values(item);
  return values.length === 1 && !isRecord(values[0]) ? values[0] : JSON.stringify(item);
}

function isRecordList(value: unknown): value is readonly object[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRecord);
}

/** Fields that a document selects, by their name in the answer. */
export type Selection = ReadonlyMap<string, SelectedField>;

/** Field of a {@link Selection}. */
export interface SelectedField {
  /** Whether the value is a list. */
  readonly isList: boolean;
  /** Fields of the object or of each item; empty for a scalar. */
  readonly fields: Selection;
}

/**
 * Reads the selection of a document with one operation. A field that is not in the schema is not treated as
 * a list.
 */
export function readSelection(document: string, typeDefs: string): Selection {
  const { definitions } = parse(document);
  const schema = buildSchema(typeDefs);
  const fragments = new Map(
    definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  const operation = definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) return new Map();
  return readFields(operation.selectionSet, schema.getRootType(operation.operation), { schema, fragments });
}

interface Context {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

type Parent = GraphQLNamedType | null | undefined;
type Entry = readonly [name: string, field: SelectedField];

function readFields({ selections }: SelectionSetNode, parent: Parent, context: Context): Selection {
  const fields = new Map<string, SelectedField>();
  const entries = selections.flatMap((node) =>
    node.kind === Kind.FIELD ? [readField(node, parent, context)] : readFragment(node, parent, context),
  );
  for (const [name, field] of entries) {
    const inner = [...(fields.get(name)?.fields ?? []), ...field.fields];
    fields.set(name, { ...field, fields: new Map(inner) });
  }
  return fields;
}

function readField({ name, alias, selectionSet }: FieldNode, parent: Parent, context: Context): Entry {
  const hasFields = isObjectType(parent) || isInterfaceType(parent);
  const type = hasFields ? parent.getFields()[name.value]?.type : undefined;
  const fields = selectionSet ? readFields(selectionSet, type && getNamedType(type), context) : new Map();
  return [(alias ?? name).value, { isList: type !== undefined && isListType(getNullableType(type)), fields }];
}

function readFragment(
  node: FragmentSpreadNode | InlineFragmentNode,
  parent: Parent,
  context: Context,
): Entry[] {
  const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : context.fragments.get(node.name.value);
  if (fragment === undefined) return [];
  const on = fragment.typeCondition?.name.value;
  const type = on === undefined ? parent : context.schema.getType(on);
  return [...readFields(fragment.selectionSet, type, context)];
}
