/** What carries the types of a document's result and variables; nothing is ever there. As `@graphql-typed-document-node/core` has it. */
export interface DocumentTypeDecoration<TResult, TVariables> {
  __apiType?: (variables: TVariables) => TResult;
}

/**
 * A document that knows the types of its result and variables, and gives its text when it is asked for: what GraphQL Code
 * Generator makes with `documentMode: 'string'`.
 */
export type TypedDocument<R, V> = DocumentTypeDecoration<R, V> & { toString(): string };

/** The text of a document. Throws a TypeError for one that has none, as a parsed document (`DocumentNode`). */
export function textOf(document: { toString(): string }): string {
  const text = document.toString();
  if (text !== '[object Object]') return text;
  throw new TypeError(
    'document: expected a text, or a typed document that gives its text, got a parsed one. ' +
      "Print it first, or generate documents with documentMode: 'string'.",
  );
}
