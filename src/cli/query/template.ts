import { UsageError } from '../usage-error.js';

/**
 * A template, in the part of Mustache that needs no more explaining: `{{a.b}}` is a value, `{{.}}` the item itself,
 * `{{#a.b}}…{{/a.b}}` is written for each item of a list, once for anything else that is there, and not at all for null,
 * false, an empty text or an empty list; `{{^a.b}}…{{/a.b}}` the other way round. `\n` and `\t` are a line break and a tab.
 */
export type Template = readonly Part[];

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'value'; readonly path: string }
  | { readonly type: 'section'; readonly path: string; readonly inverted: boolean; readonly parts: Part[] };

/** Reads a template. Throws a UsageError that says what is wrong with it. */
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
      if (open.length === 1 || open.pop()?.path !== path) throw wrong(`${tag} closes what is not open`);
    } else if (sign === '') {
      parts.push({ type: 'value', path });
    } else {
      const section = { type: 'section' as const, path, inverted: sign === '^', parts: [] };
      parts.push(section);
      open.push(section);
    }
  }
  root.push(textPart(text.slice(end)));
  if (open.length > 1) throw wrong(`expected {{/${open.at(-1)?.path}}} at the end`);
  return root;
}

/** Fills a template in. */
export function render(template: Template, data: unknown, show: (text: string) => string): string {
  return renderIn(template, [data], show);
}

const TAG = /\{\{\s*([#^/]?)\s*(\.|\w+(?:\.\w+)*)\s*\}\}/g;

function renderIn(template: Template, stack: readonly unknown[], show: (text: string) => string): string {
  return template.map((part) => renderPart(part, stack, show)).join('');
}

function renderPart(part: Part, stack: readonly unknown[], show: (text: string) => string): string {
  if (part.type === 'text') return part.text;
  const value = lookUp(part.path, stack);
  if (part.type === 'value') return show(textOf(value));
  const items = itemsOf(value);
  if (part.inverted) return items.length === 0 ? renderIn(part.parts, stack, show) : '';
  return items.map((item) => renderIn(part.parts, [...stack, item], show)).join('');
}

/** The first name is looked for in the innermost item that has it, the rest below. */
function lookUp(path: string, stack: readonly unknown[]): unknown {
  if (path === '.') return stack.at(-1);
  const [first = '', ...rest] = path.split('.');
  const holder = stack.findLast((item) => fieldOf(item, first) !== undefined);
  return rest.reduce(fieldOf, fieldOf(holder, first));
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null || value === false || value === '' ? [] : [value];
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function textPart(text: string): Part {
  const open = text.indexOf('{{');
  if (open >= 0) throw wrong(`expected {{a.b}} at ${JSON.stringify(text.slice(open, open + 40))}`);
  return { type: 'text', text: text.replace(/\\([nt\\])/g, (_, sign: string) => ESCAPES[sign] ?? sign) };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t' };

function wrong(what: string): UsageError {
  return new UsageError(`--template: ${what}`);
}
