import type { QueryFlags } from '../options/client.js';
import { jsonText, terminalText, withoutLogCommands } from '../text.js';
import { UsageError } from '../usage-error.js';
import { readSelection, type Selection, toTables } from './table.js';

/** Formats the data of an answer as text. */
export type Presenter = (data: Readonly<Record<string, unknown>>) => string;

/** Options of {@link createPresenter}. */
export interface PresenterOptions extends Pick<QueryFlags['query'], 'output' | 'template'> {
  /** Whether several answers follow. Each one is a line of JSON then. */
  readonly isStream: boolean;
  /** Whether the output is a terminal. Template values are sanitised to one line then. */
  readonly isTerminal: boolean;
  /** Whether the output is a CI job's log. Template values lose log commands then. */
  readonly isJobLog: boolean;
  /** Document with the operation. */
  readonly document: string;
  /** Loads the schema text. */
  readonly loadTypeDefs: () => Promise<string>;
  /** Maximum width of tables; undefined for any width. */
  readonly tableWidth: () => number | undefined;
}

/**
 * Creates the presenter for the output format. Throws a {@link UsageError} for a missing or invalid
 * template.
 */
export async function createPresenter({
  output,
  template,
  isStream,
  isTerminal,
  isJobLog,
  document,
  loadTypeDefs,
  tableWidth,
}: PresenterOptions): Promise<Presenter> {
  const format = output ?? (template === undefined ? 'json' : 'template');
  if (format === 'template') {
    if (template === undefined) throw new UsageError('--output template: expected --template TEXT as well');
    const parts = parseTemplate(template);
    const show = isTerminal ? terminalText : isJobLog ? withoutLogCommands : String;
    return (data) => withLineBreak(render(parts, data, show));
  }
  if (template !== undefined) throw new UsageError(`--template: expected --output template, got ${format}`);
  if (format === 'json') return (data) => `${jsonText(data, isStream ? 0 : 2)}\n`;
  const typeDefs = await loadTypeDefs();
  let selection: Selection | null = null;
  return (data) => {
    // An answer proves that the document is valid.
    selection ??= readSelection(document, typeDefs);
    return toTables(data, { selection, maxWidth: tableWidth() });
  };
}

function withLineBreak(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/**
 * Parsed template in a subset of Mustache:
 *
 * - `{{a.b}}` is a value, `{{.}}` the current item.
 * - `{{#a.b}}…{{/a.b}}` repeats for each item of a list. It is rendered once for any other value, and not at
 *   all for null, false, an empty text or an empty list.
 * - `{{^a.b}}…{{/a.b}}` is rendered once when the section above is not.
 * - `\n` and `\t` are a line break and a tab.
 */
export type Template = readonly Part[];

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'value'; readonly path: string }
  | { readonly type: 'section'; readonly path: string; readonly inverted: boolean; readonly parts: Part[] };

/** Parses a template. Throws a {@link UsageError} for a syntax error. */
export function parseTemplate(text: string): Template {
  const root: Part[] = [];
  const open: { readonly path: string; readonly parts: Part[] }[] = [{ path: '', parts: root }];
  let end = 0;
  for (const match of text.matchAll(TAG)) {
    const [tag, sign = '', path = ''] = match;
    const parts = open.at(-1)?.parts ?? root;
    parts.push(textPart(text.slice(end, match.index)));
    end = match.index + tag.length;
    if (sign === '/') {
      if (open.length === 1 || open.pop()?.path !== path)
        throw syntaxError(`${tag} has no matching opening tag`);
    } else if (sign === '') {
      parts.push({ type: 'value', path });
    } else {
      const section = { type: 'section' as const, path, inverted: sign === '^', parts: [] };
      parts.push(section);
      open.push(section);
    }
  }
  root.push(textPart(text.slice(end)));
  if (open.length > 1) throw syntaxError(`expected {{/${open.at(-1)?.path}}} at the end`);
  return root;
}

/** Renders a template. */
export function render(template: Template, data: unknown, show: (text: string) => string): string {
  return renderParts(template, [data], show);
}

const TAG = /\{\{\s*([#^/]?)\s*(\.|\w+(?:\.\w+)*)\s*\}\}/g;

function renderParts(template: Template, stack: readonly unknown[], show: (text: string) => string): string {
  return template.map((part) => renderPart(part, stack, show)).join('');
}

function renderPart(part: Part, stack: readonly unknown[], show: (text: string) => string): string {
  if (part.type === 'text') return part.text;
  const value = lookUp(part.path, stack);
  if (part.type === 'value') return show(toText(value));
  const items = toItems(value);
  if (part.inverted) return items.length === 0 ? renderParts(part.parts, stack, show) : '';
  return items.map((item) => renderParts(part.parts, [...stack, item], show)).join('');
}

/** Resolves a path: its first name in the innermost item that has it, the others within. */
function lookUp(path: string, stack: readonly unknown[]): unknown {
  if (path === '.') return stack.at(-1);
  const [first = '', ...rest] = path.split('.');
  const holder = stack.findLast((item) => getField(item, first) !== undefined);
  return rest.reduce(getField, getField(holder, first));
}

function getField(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function toItems(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null || value === false || value === '' ? [] : [value];
}

function toText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function textPart(text: string): Part {
  const open = text.indexOf('{{');
  if (open >= 0) throw syntaxError(`expected {{a.b}} at ${JSON.stringify(text.slice(open, open + 40))}`);
  return { type: 'text', text: text.replace(/\\([nt\\])/g, (_, sign: string) => ESCAPES[sign] ?? sign) };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t' };

function syntaxError(what: string): UsageError {
  return new UsageError(`--template: ${what}`);
}
