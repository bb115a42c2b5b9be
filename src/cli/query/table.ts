import { inColumns } from '../columns.js';
import { terminalText } from '../terminal-text.js';

/**
 * An answer as tables, one for each field asked for: a row for each item of the first list of objects in it, or a single
 * one where there is no list. Columns are the scalar fields, those of objects within as `a.b`; lists stand in one cell.
 */
export function tablesOf(data: Readonly<Record<string, unknown>>): string {
  const tables = Object.entries(data).map(([field, value]) => tableOf(field, value));
  return tables.filter((table) => table !== '').join('\n');
}

function tableOf(field: string, value: unknown): string {
  const items = listIn(value) ?? (Array.isArray(value) ? value : value === null ? [] : [value]);
  const rows = items.map((item) => (isObject(item) ? cellsOf(item) : new Map([[field, cell(item)]])));
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  if (columns.length === 0) return '';
  const lines = inColumns([columns, ...rows.map((row) => columns.map((column) => row.get(column) ?? ''))]);
  return `${lines.join('\n')}\n`;
}

/** The list of objects that is nested the least. */
function listIn(value: unknown): readonly unknown[] | null {
  let level: readonly unknown[] = [value];
  while (level.length > 0) {
    const list = level.find(isListOfObjects);
    if (list) return list;
    level = level.flatMap((item) => (isObject(item) ? Object.values(item) : []));
  }
  return null;
}

function cellsOf(item: object, prefix = ''): Map<string, string> {
  const cells = new Map<string, string>();
  for (const [key, value] of Object.entries(item)) {
    const name = `${prefix}${key}`;
    if (!isObject(value)) cells.set(name, cell(value));
    else for (const [inner, text] of cellsOf(value, `${name}.`)) cells.set(inner, text);
  }
  return cells;
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value))
    return value.map((item) => cell(isObject(item) ? onlyValueOf(item) : item)).join(', ');
  return terminalText(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** Of `{ name: "api" }` the name; of anything with more in it, all of it. */
function onlyValueOf(item: object): unknown {
  const values = Object.values(item);
  return values.length === 1 && !isObject(values[0]) ? values[0] : JSON.stringify(item);
}

function isListOfObjects(value: unknown): value is readonly object[] {
  return Array.isArray(value) && value.length > 0 && value.every(isObject);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
