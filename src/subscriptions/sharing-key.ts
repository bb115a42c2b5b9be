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

/** What of the key is the same for every reader of a document. */
interface DocumentKey {
  /** The document in one form, without `since`: readers that come back from different places share all the same. */
  readonly text: string;
  /** The variable that gives `since`, if one does and nothing else uses it. */
  readonly sinceVariable: string | null;
}

// Documents are parsed once and kept (prepareOperation): what is worked out of one is kept with it, by operation name.
const documentKeys = memoize((_: DocumentNode) => new Map<string, DocumentKey>());

/**
 * The key of a valid subscription: readers whose keys are equal get equal payloads for equal updates. It is made of the
 * document in normal form, the operation's name and the coerced variables, `since` apart.
 */
export function sharingKey(args: ExecutionArgs): string {
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

/** The one field that a subscription has at its root (section 5.2.3.1 of the specification), also where a fragment has it. */
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

/** The variable, unless the rest of the document uses it too; where it is defined is one place. */
function variableOf(since: ArgumentNode | undefined, rest: string): string | null {
  if (since?.value.kind !== Kind.VARIABLE) return null;
  const name = since.value.name.value;
  return rest.split(new RegExp(`\\$${name}\\b`)).length === 2 ? name : null;
}
