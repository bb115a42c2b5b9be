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
   * The document in normal form without `since`: readers that resume at different cursors share a group.
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
  return JSON.stringify([text, Object.fromEntries(shared)]);
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
  return { text, sinceVariable: variableOf(since, text) };
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
