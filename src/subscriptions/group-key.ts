import { createHash } from 'node:crypto';
import {
  type ArgumentNode,
  type DocumentNode,
  type ExecutionArgs,
  type FieldNode,
  getOperationAST,
  getVariableValues,
  Kind,
  print,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { memoize } from '../lib/memoize.js';

/** Part of the key that depends on the document alone. */
interface DocumentKey {
  /**
   * The document in normal form without `since`, or its digest: readers that resume at different cursors
   * share a group.
   */
  readonly text: string;
  /** Name of the variable for `since`, unless it is used for something else too. */
  readonly sinceVariable: string | null;
}

// Parsed documents are cached (`graphql/operation.ts`), and their keys with them, by operation name.
const documentKeys = memoize((_: DocumentNode) => new Map<string, DocumentKey>());

/**
 * Returns the key of a valid subscription: readers with equal keys receive equal payloads. It consists of the
 * document in normal form, the operation name and the coerced variables, without `since`.
 */
export function groupKey(args: ExecutionArgs): string {
  const { text, sinceVariable } = documentKeyOf(args);
  const definitions = getOperationAST(args.document, args.operationName)?.variableDefinitions ?? [];
  const { coerced } = getVariableValues(args.schema, definitions, args.variableValues ?? {});
  const shared = Object.entries(coerced ?? {}).filter(([name]) => name !== sinceVariable);
  // JSON has no line breaks.
  return `${shortenKey(JSON.stringify(Object.fromEntries(shared)))}\n${text}`;
}

/** Length up to which a part of a key stays as it is, in characters. */
const MAX_PLAIN = 512;

/**
 * Returns the digest of a long text: each running group keeps its key, and variables can have 1 MB. A text
 * that starts like a digest must contain a line break.
 */
export function shortenKey(text: string): string {
  if (text.length <= MAX_PLAIN) return text;
  return `sha256:${createHash('sha256').update(text).digest('base64url')}`;
}

function documentKeyOf({ document, operationName }: ExecutionArgs): DocumentKey {
  const byName = documentKeys(document);
  const name = operationName ?? '';
  const key = byName.get(name) ?? makeKey(document, name);
  byName.set(name, key);
  return key;
}

function makeKey(document: DocumentNode, name: string): DocumentKey {
  const operation = getOperationAST(document, name || null);
  const field = operation && rootField(document, operation.selectionSet);
  const since = field?.arguments?.find((argument) => argument.name.value === 'since');
  const text = `${name}\n${print(without(document, since))}`;
  return { text: shortenKey(text), sinceVariable: variableOf(since, text) };
}

/**
 * Returns the root field of a subscription (section 5.2.3.1 of the specification), which may be in a
 * fragment.
 */
function rootField(document: DocumentNode, { selections }: SelectionSetNode): FieldNode | null {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) return selection;
    const set =
      selection.kind === Kind.INLINE_FRAGMENT
        ? selection.selectionSet
        : fragment(document, selection.name.value);
    const field = set && rootField(document, set);
    if (field) return field;
  }
  return null;
}

function fragment(document: DocumentNode, name: string): SelectionSetNode | null {
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name) {
      return definition.selectionSet;
    }
  }
  return null;
}

function without(document: DocumentNode, argument: ArgumentNode | undefined): DocumentNode {
  return argument
    ? visit(document, { Argument: (node) => (node === argument ? null : undefined) })
    : document;
}

/** Returns the variable, unless it occurs in the document more than once: its definition is one place. */
function variableOf(since: ArgumentNode | undefined, rest: string): string | null {
  if (since?.value.kind !== Kind.VARIABLE) return null;
  const name = since.value.name.value;
  return rest.split(new RegExp(`\\$${name}\\b`)).length === 2 ? name : null;
}
