import { getOperationAST } from 'graphql';
import type { TracedOperation } from '../tracing.js';

/** The longest document that a span shows, in characters. */
const LONGEST_DOCUMENT = 2_000;

/** The longest name that a span shows, in characters. */
const LONGEST_NAME = 100;

/** How a span of an operation looks; attributes are those of OpenTelemetry's semantic conventions for GraphQL. */
export interface SpanLook {
  /** `query Name`, or only `query` when it has no name. */
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** How the span of an operation looks. */
export function lookOf({ document, operationName }: TracedOperation): SpanLook {
  const operation = getOperationAST(document, operationName);
  const type = operation?.operation ?? 'query';
  const name = operation?.name?.value.slice(0, LONGEST_NAME);
  const text = document.loc?.source.body;
  return {
    name: name === undefined ? type : `${type} ${name}`,
    attributes: {
      'graphql.operation.type': type,
      ...(name !== undefined && { 'graphql.operation.name': name }),
      ...(text !== undefined && text.length <= LONGEST_DOCUMENT && { 'graphql.document': text }),
    },
  };
}
