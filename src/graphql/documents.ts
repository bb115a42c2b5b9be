import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  parse,
  type SelectionSetNode,
  type ValidationRule,
  validate,
} from 'graphql';
import { isRecord } from '../lib/is-record.js';

/** Persisted documents, which clients request by id. */
export interface Documents {
  /** Returns the text with an id, or null. */
  find(id: string): string | null;
  /** Whether a text is a persisted document. */
  has(text: string): boolean;
}

/** Error in a manifest. `message` is one line: expected and actual content. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

/**
 * Parses a manifest of persisted documents: an object of texts by id, as GraphQL Code Generator's
 * `persistedDocuments` and Relay's compiler write it. Throws a {@link ManifestError}.
 *
 * @param json the file's content
 */
export function readManifest(json: string): Documents {
  const byId = parseManifest(json);
  const texts = new Set(byId.values());
  return { find: (id) => byId.get(id) ?? null, has: (text) => texts.has(text) };
}

/** Parses a manifest to its texts by id. Throws a {@link ManifestError}. */
export function parseManifest(json: string): ReadonlyMap<string, string> {
  const manifest = parseJson(json);
  if (!isRecord(manifest)) {
    throw new ManifestError(`expected an object of documents by id, got ${kindOf(manifest)}`);
  }
  const byId = new Map<string, string>();
  for (const [id, text] of Object.entries(manifest)) {
    if (typeof text !== 'string')
      throw new ManifestError(`document ${id}: expected a text, got ${kindOf(text)}`);
    byId.set(id, text);
  }
  return byId;
}

/** The first document of a manifest that a schema rejects, with the reason, in one line. Null without one. */
export function describeInvalidDocument(
  byId: ReadonlyMap<string, string>,
  schema: GraphQLSchema,
): string | null {
  for (const [id, text] of byId) {
    const reason = findError(text, schema);
    if (reason !== null) return `document ${id}: ${reason}`;
  }
  return null;
}

function findError(text: string, schema: GraphQLSchema): string | null {
  try {
    return validate(schema, parse(text), undefined, { maxErrors: 1 })[0]?.message ?? null;
  } catch (error) {
    // Deeply nested brackets and fragments exceed the stack.
    if (error instanceof GraphQLError || error instanceof RangeError) return error.message;
    throw error;
  }
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new ManifestError('expected JSON, an object of documents by id');
  }
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/** Validation rules that reject introspection. `_service` returns the complete schema, too. */
export const NO_INTROSPECTION: readonly ValidationRule[] = [
  NoSchemaIntrospectionCustomRule,
  (context) => ({
    Field(node) {
      if (node.name.value !== '_service' || context.getParentType()?.name !== 'Query') return;
      const message =
        'GraphQL introspection has been disabled, but the requested query contained the field "_service".';
      context.reportError(new GraphQLError(message, { nodes: node }));
    },
  }),
];

/**
 * The error for a subscription that uses `@skip` or `@include` in its top level selection, which the
 * specification forbids (section 5.2.4.1, "Single Root Field"); null for others. graphql-js 16 does not check
 * this: it throws a TypeError if no field is left, or reports a missing variable that is present.
 */
export function findConditionalRoot({ definitions }: DocumentNode): GraphQLError | null {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const visited = new Set<SelectionSetNode>();
  for (const definition of definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (definition.operation === OperationTypeNode.SUBSCRIPTION && hasCondition(definition.selectionSet))
      return conditionalRoot(definition.name?.value);
  }
  return null;

  function hasCondition(set: SelectionSetNode): boolean {
    if (visited.has(set)) return false;
    visited.add(set);
    return set.selections.some((selection) => {
      if (selection.directives?.some(({ name }) => CONDITIONS.has(name.value))) return true;
      if (selection.kind === Kind.FIELD) return false;
      const fragment =
        selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      return fragment !== undefined && hasCondition(fragment.selectionSet);
    });
  }
}

const CONDITIONS: ReadonlySet<string> = new Set(['skip', 'include']);

function conditionalRoot(name: string | undefined): GraphQLError {
  const which = name === undefined ? 'Anonymous Subscription' : `Subscription "${name}"`;
  return new GraphQLError(
    `${which} must not use "@skip" or "@include" in its top level selection. Use them on the fields within.`,
  );
}
