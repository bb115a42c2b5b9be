import { isRecord } from '../../lib/is-record.js';
import { terminalText } from '../safe-text.js';
import { inColumns } from '../text-width.js';
import type { SelectedField, Selection } from './selection.js';

/** What tables are made with, beside an answer. */
export interface TableOptions {
  /** What the document selects: the columns of a list without items. Default: such a list has no table. */
  readonly selection?: Selection;
  /** Width that no line exceeds. Default: none. */
  readonly maxWidth?: number | undefined;
}

/**
 * An answer as tables, one for each field asked for: a row for each item of the first list of objects in it, or a single
 * one where there is no list. Columns are the scalar fields, those of objects within as `a.b`; lists stand in one cell.
 * Where there is no item, the table is its header.
 */
export function tablesOf(
  data: Readonly<Record<string, unknown>>,
  { selection, maxWidth }: TableOptions = {},
): string {
  const tables = Object.entries(data).map(([field, value]) =>
    inColumns(tableOf(field, value, selection?.get(field)), maxWidth),
  );
  return tables.flatMap((lines) => (lines.length === 0 ? [] : [`${lines.join('\n')}\n`])).join('\n');
}

/** The header and the rows; nothing where no column is known. */
function tableOf(field: string, value: unknown, selected: SelectedField | undefined): string[][] {
  const rows = itemsIn(value, selected).map((item) =>
    isRecord(item) ? cellsOf(item) : new Map([[field, cell(item)]]),
  );
  const columns =
    rows.length > 0 ? [...new Set(rows.flatMap((row) => [...row.keys()]))] : selectedColumns(field, selected);
  if (columns.length === 0) return [];
  return [columns, ...rows.map((row) => columns.map((column) => row.get(column) ?? ''))];
}

function itemsIn(value: unknown, selected: SelectedField | undefined): readonly unknown[] {
  const list = listIn(value);
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

/** The list of objects that is nested the least in what was selected. */
function selectedList(selected: SelectedField): SelectedField | null {
  let level: readonly SelectedField[] = [selected];
  while (level.length > 0) {
    const list = level.find(({ isList, fields }) => isList && fields.size > 0);
    if (list) return list;
    level = level.flatMap(({ fields }) => [...fields.values()]);
  }
  return null;
}

/** The list of objects that is nested the least. */
function listIn(value: unknown): readonly unknown[] | null {
  let level: readonly unknown[] = [value];
  while (level.length > 0) {
    const list = level.find(isListOfObjects);
    if (list) return list;
    level = level.flatMap((item) => (isRecord(item) ? Object.values(item) : []));
  }
  return null;
}

function cellsOf(item: object, prefix = ''): Map<string, string> {
  const cells = new Map<string, string>();
  for (const [key, value] of Object.entries(item)) {
    const name = `${prefix}${key}`;
    if (!isRecord(value)) cells.set(name, cell(value));
    else for (const [inner, text] of cellsOf(value, `${name}.`)) cells.set(inner, text);
  }
  return cells;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value))
    return value.map((item) => cell(isRecord(item) ? onlyValueOf(item) : item)).join(', ');
  return terminalText(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** Of `{ name: "api" }` the name; of anything with more in it, all of it. */
function onlyValueOf(item: object): unknown {
  const values = Object.values(item);
  return values.length === 1 && !isRecord(values[0]) ? values[0] : JSON.stringify(item);
}

function isListOfObjects(value: unknown): value is readonly object[] {
  return Array.isArray(value) && value.length > 0 && value.every(isRecord);
}
